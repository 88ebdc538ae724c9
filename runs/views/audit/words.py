"""What an entry of the audit log says, in words: its picture, its act, and what changed."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

GROUPS = {
    "run": later("Runs"),
    "approval": later("Approvals"),
    "flow": later("Flows"),
    "agent": later("Agents"),
    "tool": later("Tools"),
    "provider": later("Providers"),
    "secret": later("Secrets"),
    "policy": later("Policies"),
    "budget": later("Budgets"),
    "privacy": later("Privacy"),
    "breaker": later("Breakers"),
    "member": later("Members"),
    "group": later("Groups"),
    "token": later("Tokens"),
    "user": later("People and sign-in"),
    "project": later("Project"),
    "audit": later("Audit log"),
}
PICTURES = {
    "run": "activity", "approval": "inbox", "flow": "workflow", "agent": "bot", "tool": "wrench", "provider": "plug",
    "secret": "key-round", "policy": "shield-check", "budget": "wallet", "privacy": "fingerprint-pattern",
    "member": "users", "group": "users", "token": "key-round", "link": "link", "user": "log-in",
    "project": "settings", "audit": "scroll-text", "reveal": "eye", "breaker": "octagon-x",
}  # fmt: skip
OF_VERBS = {"archive": "archive", "launch": "play", "cancel": "square", "fork": "git-fork", "refuse": "shield-x",
            "sign_out": "log-out", "lock_out": "lock", "sign_in_failed": "circle-alert", "reveal": "eye",
            "test": "flask-conical", "export": "download", "verify": "badge-check"}  # fmt: skip
NOUNS = {
    "agent": later("agent"),
    "tool": later("tool"),
    "flow": later("flow"),
    "provider": later("provider"),
    "policy": later("policy"),
    "budget": later("budget"),
    "privacy": later("privacy rules"),
    "knowledge": later("knowledge"),
}
VERBS = {
    "draft": later("Saved draft of %(noun)s"),
    "publish": later("Published %(noun)s"),
    "activate": later("Made %(noun)s live"),
    "archive": later("Archived %(noun)s"),
    "test": later("Tested %(noun)s"),
}
ACTS = {
    "run.launch": later("Launched run"),
    "run.refuse": later("Launch refused"),
    "run.cancel": later("Cancelled run"),
    "run.fork": later("Forked run"),
    "run.feedback": later("Gave feedback"),
    "run.reveal": later("Revealed protected values"),
    "approval.decide": later("Decided approval"),
    "approval.remind": later("Reminded of approval"),
    "budget.warn": later("Budget nearly spent"),
    "breaker.opened": later("Breaker opened"),
    "breaker.closed": later("Breaker closed"),
    "secret.set": later("Set secret"),
    "secret.delete": later("Deleted secret"),
    "token.create": later("Created token"),
    "token.delete": later("Revoked token"),
    "link.create": later("Made sign-in link"),
    "member.set": later("Set roles"),
    "member.remove": later("Removed member"),
    "group.set": later("Set group"),
    "group.delete": later("Deleted group"),
    "project.create": later("Made project"),
    "project.rename": later("Renamed project"),
    "project.export": later("Exported documents"),
    "project.limit_runs": later("Limited runs"),
    "user.create": later("Made user"),
    "user.change": later("Changed profile"),
    "user.password": later("Changed password"),
    "user.promote": later("Made admin of the installation"),
    "user.sign_in": later("Signed in"),
    "user.sign_out": later("Signed out"),
    "user.sign_in_failed": later("Sign-in failed"),
    "user.lock_out": later("Locked out"),
    "audit.export": later("Exported audit log"),
    "audit.verify": later("Verified audit log"),
    "audit.ask": later("Asked to verify audit log"),
    "audit.head": later("Head file begun anew"),
}
LONGEST = 80
MOST_FACTS = 40
CHANGED = ("before", "after")
WHOSE = ("user", "group")
DIGEST = re.compile(r"[0-9a-f]{32,}\Z")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is other than before; texts are JSON where they are no plain texts, None where there was none."""

    name: str
    before: str | None
    after: str | None


def act_of(action: str) -> str:
    """`Published agent`; an action that has no words yet stands for itself."""
    noun, _dot, verb = action.partition(".")
    if action in ACTS:
        return str(ACTS[action])
    if verb in VERBS and noun in NOUNS:
        return str(VERBS[verb]) % {"noun": NOUNS[noun]}
    return action


def picture_of(action: str) -> str:
    noun, _dot, verb = action.partition(".")
    return OF_VERBS.get(verb) or PICTURES.get(noun, "circle-dot")


def changes_of(data: Any) -> list[Change]:
    """What is under `before` and `after`, field by field where both are objects; what is equal is left out."""
    if not isinstance(data, Mapping) or not any(name in data for name in CHANGED):
        return []
    before, after = data.get("before"), data.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = list(dict.fromkeys([*before, *after]))[:MOST_FACTS]
        return [
            Change(str(name), shown(before, name), shown(after, name))
            for name in names
            if before.get(name) != after.get(name) or (name in before) != (name in after)
        ]
    return [] if before == after else [Change("", shown(data, "before"), shown(data, "after"))]


def facts_of(data: Any) -> list[tuple[str, str]]:
    """Everything else that was kept of the act."""
    if not isinstance(data, Mapping):
        return [("", text_of(data))] if data else []
    kept = [(str(name), value) for name, value in data.items() if name not in CHANGED]
    return [(name, text_of(value)) for name, value in kept if value not in (None, "")][:MOST_FACTS]


def detail_of(action: str, data: Any) -> str:
    """The act in one short line: what changed, or else the first facts."""
    noun, facts = action.partition(".")[0], facts_of(data)
    whose = [text for name, text in facts if name in WHOSE]
    changed = "; ".join(parts_of(changes_of(data), noun in NOUNS))
    line = (
        ": ".join([*whose, changed]) if changed else ", ".join(f"{name} {text}" for name, text in facts[:2])
    )
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def parts_of(changes: list[Change], versions: bool) -> Iterator[str]:
    for change in changes:
        sides = {"before": brief(change.before, versions), "after": brief(change.after, versions)}
        said = _("%(before)s to %(after)s") % sides
        yield f"{change.name}: {said}" if change.name else said


def brief(text: str | None, versions: bool) -> str:
    if text is None:
        return _("nothing")
    if DIGEST.match(text):
        return text[:6]
    return f"v{text}" if versions and text.isdecimal() else text


def shown(value: Mapping, name: str) -> str | None:
    found = value.get(name)
    return None if found is None or found in ("", []) else text_of(found)


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
