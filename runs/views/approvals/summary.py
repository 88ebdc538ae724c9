"""A payload in a line: its plain values by their names, money as money. Words in it are hostile: bounded, quoted."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.models import Approval, Decision
from runs.engine.rows import dumps
from runs.views.forms.labels import humanised, shown

MOST, MOST_IN_FULL, LONGEST = 4, 8, 80  # fields, and characters of each
PLAIN_UP_TO = 1e12
CURRENCY = re.compile(r"[A-Z]{3}")
AMOUNTS = frozenset(
    {"amount", "total", "subtotal", "price", "sum", "cost", "fee", "tax", "net", "gross", "paid"}
)
WORD = re.compile(r"[\w.@:/#+-]+")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What is asked once more before a decision is sent, and the line that says what it does."""

    question: str
    text: str
    tool: str = ""


def confirmation(item: Approval, decisions: Collection[Decision], payload: Any) -> Confirmation | None:
    """Only where nobody can undo what follows (design language, section 7); `payload` is what stands now."""
    tool = item.subject.get("tool") or {}
    agreed = sum(1 for said in decisions if said.decision == "approve")
    if item.kind != "approval" or tool.get("risk") != "irreversible" or agreed + 1 < item.quorum:
        return None
    slug = str(tool.get("slug"))
    return Confirmation(_("Call %(tool)s now?") % {"tool": slug}, f"{slug}: {sentence(payload)}", slug)


def summary(payload: Any, most: int = MOST) -> str:
    """As amount $49.00, charge ch_9002, reason “Charged twice.”: money first, then the others in their order."""
    if not isinstance(payload, Mapping):
        return worded(payload) if is_plain(payload) else ""
    plain = {name: value for name, value in payload.items() if is_plain(value)}
    currency = currency_of(plain)
    money = {name: paid for name, value in plain.items() if (paid := money_of(name, value, currency))}
    others = {
        name: worded(value)
        for name, value in plain.items()
        if name not in money and not (money and name == "currency" and currency)
    }
    parts = [f"{named(name)} {value}" for name, value in {**money, **others}.items()]
    nested = sum(1 for value in payload.values() if isinstance(value, dict | list))
    hidden = max(len(parts) - most, 0) + nested
    more = [ngettext("%(n)d more field", "%(n)d more fields", hidden) % {"n": hidden}] if hidden > 0 else []
    return ", ".join([*parts[:most], *more])


def sentence(payload: Any) -> str:
    """As much of it as one reads before a decision, with its full stop; "" for what holds nothing plain."""
    text = summary(payload, MOST_IN_FULL)
    return text if not text or text.endswith("”") else f"{text}."


def beginning(start: str) -> str:
    """The summary of a payload of which `start` is the JSON; nothing where that is cut off."""
    try:
        return summary(json.loads(start))
    except ValueError:
        return ""


def is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def named(name: str) -> str:
    """As in forms, but within a sentence: "amount", "VAT ID"."""
    words = clean(humanised(name))[:LONGEST]
    return words if len(words) > 1 and words[:2].isupper() else words[:1].lower() + words[1:]


def worded(value: Any) -> str:
    """A word as it is, anything longer in quotes, so that it cannot pass for another field."""
    if not isinstance(value, str):
        return dumps(value)
    text = clean(shown(value))
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return text if WORD.fullmatch(text) else "“{}”".format(re.sub("[“”]", '"', text))


def clean(text: str) -> str:
    """On one line, without what changes the direction or is not seen."""
    return " ".join(UNSEEN.sub(" ", text).split())


def currency_of(plain: Mapping[str, Any]) -> str:
    value = plain.get("currency")
    return value if isinstance(value, str) and CURRENCY.fullmatch(value) else ""


def money_of(name: str, value: Any, currency: str) -> str:
    """The amount with its currency, never rounded; "" for what is no money."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    words = name.lower().split("_")
    amount = f"{value:,.2f}" if abs(value) < PLAIN_UP_TO and round(value, 2) == value else dumps(value)
    if words[-1] == "usd":
        return f"-${amount[1:]}" if amount.startswith("-") else f"${amount}"
    return f"{amount} {currency}" if currency and not AMOUNTS.isdisjoint(words) else ""
