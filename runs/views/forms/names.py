"""Names of form controls: a JSON pointer below the form's prefix, and the tree that a posted form makes of them.

`config/routes/0/port` is a value. What a form must say besides values follows a `~`, which no pointer has in this
place: `config/routes/0~remove`. Rows that a script copies stand under `-`, the pointer's word for "after the last".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from governance.refusals import pointer

DEEPEST = 24
NEW_ROW = "-"
ASIDE = re.compile(r"~([a-z][a-z]+)\Z")
UNSENDABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(slots=True)
class Posted:
    """One name's values, files, asides (`~remove`) and what lies below it, each in the order it was sent."""

    values: list[str] = field(default_factory=list)
    files: list[Any] = field(default_factory=list)
    asides: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, "Posted"] = field(default_factory=dict)

    def says(self, aside: str) -> bool:
        return aside in self.asides

    def child(self, key: str | int) -> "Posted | None":
        return self.below.get(segment(key))

    def rows(self) -> list["Posted"]:
        """What stands under numbers, in their order."""
        numbers = sorted(int(key) for key in self.below if key.isascii() and key.isdigit() and len(key) < 8)
        return [self.below[str(number)] for number in dict.fromkeys(numbers) if str(number) in self.below]


def segment(key: str | int) -> str:
    """One step of a name. Browsers rewrite line ends in names, so nothing of that kind is sent."""
    escaped = pointer(key)[1:]
    return UNSENDABLE.sub(lambda found: f"~x{ord(found[0]):x};", escaped)


def below(name: str, key: str | int) -> str:
    return f"{name}/{segment(key)}"


def id_of(name: str) -> str:
    """The id of a name's control: ids hold anything but white space."""
    return "f" + quote(name, safe="/~-_.")


def tree_of(prefix: str, values: Iterable[tuple[str, list]], files: Iterable[tuple[str, list]]) -> Posted:
    """The posted names below `prefix`; what lies too deep for any drawn form is left out."""
    root = Posted()
    for name, sent in values:
        node, aside = _place(root, prefix, name)
        if node is not None and aside:
            node.asides.setdefault(aside, []).extend(sent)
        elif node is not None:
            node.values.extend(sent)
    for name, sent in files:
        node, aside = _place(root, prefix, name)
        if node is not None and aside == "file":
            node.files.extend(sent)
    return root


def _place(root: Posted, prefix: str, name: str) -> tuple[Posted | None, str]:
    rest = name.removeprefix(prefix)
    if not name.startswith(prefix) or rest[:1] not in ("", "/", "~"):
        return None, ""
    found = ASIDE.search(rest)
    steps = (rest[: found.start()] if found else rest).split("/")[1:]
    if len(steps) > DEEPEST:
        return None, ""
    for step in steps:
        root = root.below.setdefault(step, Posted())
    return root, found[1] if found else ""
