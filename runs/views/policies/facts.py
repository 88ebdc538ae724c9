"""The condition of a policy while it is typed: what is wrong and where, and which facts may stand at the caret."""

import re
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from flows.fields import closed
from governance import policy_documents
from governance.models import Project
from governance.rules import ACTIONS, FACTS
from runs.views import frame
from runs.views.builder import expressions

NAME = re.compile(r"There is no (?:fact )?(?:\w+\.)?(\w+)|has no (\w+)")
TYPES: dict[str, dict[str, Any]] = {
    "tools": {"type": "array"},
    "idempotent": {"type": "boolean"},
    "version": {"type": "integer"},
    "cost_usd": {"type": "number"},
    "arguments": {"type": "object"},
    "input": {},
    "output": {},
}
TEXT: dict[str, Any] = {"type": "string"}


def typed(name: str) -> dict[str, Any]:
    return TYPES.get(name, TEXT)


SCOPE = closed(
    {
        name: closed({member: typed(member) for member in sorted(policy_documents.MEMBERS[name])})
        if name in policy_documents.MEMBERS
        else typed(name)
        for name in FACTS
    }
)


@require_POST
def fact_list(request: HttpRequest, project: str) -> JsonResponse:
    """`{flaws: [{reason, position}], complete: [{label, insert, from, to, detail}]}` of a condition."""
    found = frame.project(request, project, "administer")
    source, _kind, at = expressions.posted(request)
    flaws = expressions.flaws_of(source, "condition") or unknown(found, source)
    return JsonResponse({"flaws": flaws, "complete": expressions.completions(SCOPE, source, "condition", at)})


def unknown(project: Project, source: str) -> list[dict[str, Any]]:
    """Names that no operation has, as publishing would find them."""
    if not source.strip():
        return []
    body = {"effect": "allow", "actions": list(ACTIONS), "when": source}
    problems = policy_documents.problems(body, project)
    return [
        {"reason": problem.message, "position": position_of(problem.message, source)}
        for problem in problems
        if problem.code == "unknown_name"
    ]


def position_of(message: str, source: str) -> int | None:
    named = NAME.search(message)
    word = next((group for group in named.groups() if group), None) if named else None
    return expressions.word_at(word, source) if word else None
