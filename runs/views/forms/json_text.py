"""JSON values as text for people, and back with the line and column of what is wrong."""

import json
import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance import schemas
from governance.refusals import Problem
from runs.views.forms.labels import shown

INT64 = range(-(2**63), 2**63)
LONGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Typed(Problem):
    """Text that could not be read, kept as it was `typed` so that it can be shown again.

    `more` tells an object's other fields from the object itself.
    """

    typed: str = ""
    more: bool = False


class NotJson(ValueError):
    """The text is no JSON value: the message says where and why."""


def write(value: Any, indent: int | None = 2) -> str:
    """JSON in lines, or in one. Written with escapes only where UTF-8 has no way to hold the text."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return json.dumps(value, indent=indent) if _unsendable(text) else text


def read(text: str) -> Any:
    """The value of a JSON text. Raises NotJson.

    As the API reads it: no NaN, no name twice, integers beyond 64 bit become doubles, 64 levels.
    """
    if len(text) > LONGEST:
        raise NotJson(_("This is longer than %(most)s characters: shorten it.") % {"most": f"{LONGEST:,}"})
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=integer,
            parse_float=number,
            object_pairs_hook=_members,
        )
    except json.JSONDecodeError as error:
        raise NotJson(
            _("Line %(line)s, column %(column)s: %(what)s.")
            % {"line": error.lineno, "column": error.colno, "what": error.msg}
        ) from error
    except RecursionError as error:
        raise NotJson(
            _("This is nested deeper than %(most)s levels.") % {"most": schemas.MAX_DEPTH}
        ) from error
    if schemas.is_too_deep(value):
        raise NotJson(_("This is nested deeper than %(most)s levels.") % {"most": schemas.MAX_DEPTH})
    return value


def integer(digits: str) -> int | float:
    if len(digits) < 19 or (len(digits) < 21 and int(digits) in INT64):
        return int(digits)
    return number(digits)


def number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise NotJson(_("The number %(digits)s… is too large.") % {"digits": digits[:20]})
    return value


def _no_constant(name: str) -> None:
    raise NotJson(_("%(name)s is no JSON number.") % {"name": name})


def _members(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        double = next(name for name, _value in pairs if name in seen or seen.add(name))
        raise NotJson(_("The name “%(name)s” occurs twice in one object.") % {"name": shown(double[:80])})
    return found


def _unsendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
