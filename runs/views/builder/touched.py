"""What the form of a node just added keeps to itself: what is missing from fields in which nobody has been yet.

The page says in a header in which it was (static/js/builder/touched.js); without the header all is told. The panel of
problems always lists everything.
"""

import re
from collections.abc import Iterable

from django.http import HttpRequest

from governance.refusals import Problem

HEADER = "Baton-Touched"
# Problems of fields that were left empty, and how their messages name the fields.
LEFT_EMPTY = frozenset({"missing_field", "one_moment", "minItems", "minLength"})
NAMED = re.compile(r"['`](\w+)['`]")


def told(request: HttpRequest, problems: Iterable[Problem]) -> tuple[list[Problem], list[Problem]]:
    """(the problems to tell at their fields, those to keep quiet as yet)."""
    problems = list(problems)
    said = request.headers.get(HEADER)
    if said is None:
        return problems, []
    names = frozenset(said.split(","))
    now = [each for each in problems if each.code not in LEFT_EMPTY or names & fields_of(each)]
    return now, [each for each in problems if each not in now]


def fields_of(problem: Problem) -> set[str]:
    """The names of the controls that are empty."""
    at = problem.pointer[1:]
    found = NAMED.findall(problem.message)
    return {at} | {f"{at}/{name}" for name in found} | {f"reference/{name}" for name in found}
