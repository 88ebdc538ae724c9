"""Texts of others as texts of ours: whatever looks like a template in them stays what it looks like.

CrewAI's `{topic}` becomes a field of the flow's input; all other braces are printed as they are.
"""

import re
from collections.abc import Iterable

from flows.fields import LONGEST_TEXT
from flows.imports.outcome import CannotImport
from governance import expressions

OPENING = re.compile(r"\{[{%#]+|\{\Z")  # the last one: what is put behind it must not make a tag of it
FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]{0,63})\}")
SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def literal(text: str) -> str:
    """A text that renders as exactly `text`."""
    return OPENING.sub(lambda found: '{{ "' + found[0] + '" }}', text)


def with_fields(text: str) -> str:
    """`text` with its `{fields}` read from the run's input, and everything else literal."""
    parts, at = [], 0
    for found in FIELD.finditer(text):
        parts += [literal(text[at : found.start()]), read(found[1])]
        at = found.end()
    return "".join([*parts, literal(text[at:])])


def fields_of(texts: Iterable[str]) -> list[str]:
    """The names of all `{fields}`, in the order in which they come."""
    return list(dict.fromkeys(name for text in texts for name in FIELD.findall(text)))


def read(field: str) -> str:
    return f"{{{{ input.{field} }}}}" if SIMPLE.match(field) else f'{{{{ input["{field}"] }}}}'


def from_step(step: str, name: str, is_certain: bool) -> str:
    """The answer of an earlier step under its name; where it may not have run, only if it did."""
    told = f"\n\n{literal(name)}:\n{{{{ steps.{step}.output.text }}}}"
    return told if is_certain else f"{{% if steps.{step} is defined %}}{told}{{% endif %}}"


def sound(text: str, place: str) -> str:
    """The text, if it is one that can be kept and rendered."""
    flaws = expressions.check_text(text)
    if len(text) > LONGEST_TEXT or flaws:
        why = flaws[0].reason if flaws else f"is longer than {LONGEST_TEXT:,} characters"
        raise CannotImport(place, f"The text made of this cannot be kept ({why}): shorten it.")
    return text
