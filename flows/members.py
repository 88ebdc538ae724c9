"""Who works inside a node that holds others: the workers of a supervisor, the speakers of a team. Pure.

What a list of members may name is read here once, for cards, estimates and pages: an agent as `writer` or `writer@3`, a
flow as `flow:SLUG`, people as `role:…`, `user:…` or `group:…`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

PEOPLE = ("role:", "user:", "group:")
FLOW = "flow:"
LISTS = ("workers", "participants")  # the fields that hold members
SINGLE = ("judge", "moderator")  # and those that name one besides


class Member(NamedTuple):
    """`kind` is agent, flow or person; `ref` what its document, or the person, is called."""

    kind: str
    ref: str

    @property
    def slug(self) -> str:
        """What it is called: a person's name may hold an @, a document's has its version behind it."""
        return self.ref if self.kind == "person" else self.ref.partition("@")[0]

    @property
    def name(self) -> str:
        """What a model calls it: a flow by its prefix, so that it is not taken for an agent."""
        return f"{FLOW}{self.slug}" if self.kind == "flow" else self.slug


def member(name: str) -> Member:
    if name.startswith(FLOW):
        return Member("flow", name.removeprefix(FLOW))
    return Member("person" if name.startswith(PEOPLE) else "agent", name)


def listed(names: Any) -> list[Member]:
    """The members of a list, also of one in a draft that is not finished."""
    if not isinstance(names, list):
        return []
    return [member(name) for name in names if isinstance(name, str) and name]


def members(config: Mapping[str, Any]) -> list[Member]:
    """Workers and participants, in their order; nothing for a node that holds nobody."""
    return [found for field in LISTS for found in listed(config.get(field))]


def of_kind(found: Iterable[Member], kind: str) -> list[Member]:
    return [each for each in found if each.kind == kind]


def person(name: str) -> str:
    """What people call whom a list names: `reviewer` for `role:reviewer`."""
    return next((name.removeprefix(kind) for kind in PEOPLE if name.startswith(kind)), name)
