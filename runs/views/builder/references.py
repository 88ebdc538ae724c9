"""Choosing an agent, a tool or a flow: which one, and whether its live version or one that is pinned ("slug@3")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from governance.refusals import Problem
from runs.inspection import Offered

# The fields that name one document, and its kind.
REFERRED = {
    "agent": "agent",
    "tool": "tool",
    "flow": "flow",
    "judge": "agent",
    "moderator": "agent",
    "second_opinion": "agent",
}
MOST_VERSIONS = 30


@dataclass(frozen=True, slots=True)
class ReferenceField:
    """Two selects: `options` are (slug, label), `versions` (number, label) of the chosen one, "" for its live one."""

    name: str
    label: str
    slug: str
    pin: str
    options: list[tuple[str, str]]
    versions: list[tuple[str, str]]
    required: bool
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What is chosen: agent, tool or flow."""
        return REFERRED[self.name]

    @property
    def chosen(self) -> str:
        """What is chosen, as its option says it."""
        return next((label for slug, label in self.options if slug == self.slug), self.slug)

    @property
    def is_known(self) -> bool:
        return any(slug == self.slug for slug, _ in self.options)


def reference_field(
    name: str, value: Any, offered: Iterable[Offered], required: bool, problems: Iterable[Problem]
) -> ReferenceField:
    slug, _at, pin = value.partition("@") if isinstance(value, str) else ("", "", "")
    known = {each.slug: each for each in offered}
    options = [
        (each.slug, f"{each.name} ({each.slug})" if each.name else each.slug) for each in known.values()
    ]
    if slug and slug not in known:
        options.insert(0, (slug, _("%(slug)s, not published") % {"slug": slug}))
    told = [each for each in problems if is_about(each, name)]
    return ReferenceField(
        name,
        labels()[name],
        slug,
        pin,
        options,
        versions_of(known.get(slug), pin),
        required,
        [sentence(each, name) for each in told if each.severity == "error"],
        [each.message for each in told if each.severity == "warning"],
    )


def labels() -> dict[str, str]:
    return {
        "agent": _("Agent"),
        "tool": _("Tool"),
        "flow": _("Flow"),
        "judge": _("Judge"),
        "moderator": _("Moderator"),
        "second_opinion": _("Second opinion"),
    }


def versions_of(chosen: Offered | None, pin: str) -> list[tuple[str, str]]:
    live = _("Live version (v%(number)s)") % {"number": chosen.version} if chosen else _("Live version")
    numbers = list(range(chosen.version, 0, -1))[:MOST_VERSIONS] if chosen else []
    if pin.isascii() and pin.isdigit() and int(pin) not in numbers:
        numbers.insert(0, int(pin))
    return [("", live), *((str(number), _("v%(number)s, pinned") % {"number": number}) for number in numbers)]


def is_about(problem: Problem, name: str) -> bool:
    missing = (
        problem.pointer == "/config" and problem.code == "missing_field" and repr(name) in problem.message
    )
    return missing or problem.pointer == f"/config/{name}"


def sentence(problem: Problem, name: str) -> str:
    return _("Choose one.") if problem.code == "missing_field" else problem.message


def read_reference(post: Mapping[str, str], name: str) -> str:
    """ "slug" or "slug@3"; "" where nothing was chosen. A version belongs to the one it was chosen for."""
    slug, pin = post.get(f"reference/{name}", ""), post.get(f"reference/{name}/version", "")
    if not slug or not pin or post.get(f"reference/{name}/of", slug) != slug:
        return slug
    return f"{slug}@{pin}"
