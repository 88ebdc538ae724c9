"""The kind `policy`: its schema, and what is wrong with one that fits it.

A policy that can only ever deny by accident (a mistyped fact, an approval that nobody could give) is refused when it
is published, not discovered by a run that stops.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from governance import expressions
from governance.documents.kinds import register_kind
from governance.models import Group, Membership, Project
from governance.models.projects import ROLES
from governance.refusals import Problem
from governance.rules import ACTIONS, APPROVE, EFFECTS, FACTS, REVIEWERS
from governance.schemas import MUST_BE, ROLES_ARE, nearest

LONGEST_WHEN = 4_000
LONGEST_DUE_S = 31 * 86_400
REVIEWER = {
    "type": "string",
    "maxLength": 200,
    "pattern": rf"^(role:({'|'.join(ROLES)})|user:\S+|group:[a-z0-9-]{{1,64}})$",
    ROLES_ARE: list(ROLES),
    MUST_BE: f"role: with one of {', '.join(ROLES)}, user: with a username, or group: with a group's slug",
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Policy",
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "slug", "effect", "actions"],
    "properties": {
        "kind": {"const": "policy"},
        "slug": {
            "type": "string",
            "pattern": "^[a-z0-9-]{1,64}$",
            MUST_BE: "a slug: 1 to 64 of the characters a-z, 0-9 and the hyphen",
            "title": "Slug",
            "description": "Names the policy in decisions and in the audit log.",
        },
        "name": {"type": "string", "maxLength": 200, "title": "Name", "description": "As lists show it."},
        "description": {
            "type": "string",
            "maxLength": 20_000,
            "title": "Description",
            "description": "Why there is this policy, for whoever reads it next year.",
        },
        "effect": {
            "enum": list(EFFECTS),
            "title": "Effect",
            "description": "What happens where the policy matches. Deny beats approve, approve beats allow.",
        },
        "actions": {
            "type": "array",
            "items": {"enum": list(ACTIONS)},
            "minItems": 1,
            "uniqueItems": True,
            "title": "Actions",
            "description": "The operations that it speaks of.",
        },
        "when": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_WHEN,
            "title": "Condition",
            "description": f"CEL over {', '.join(FACTS)}; what an operation does not have is null. "
            "Without it the policy always matches. One that cannot be evaluated counts as deny.",
            "examples": ['tool.slug == "create-refund" && arguments.amount > 50.0'],
        },
        "reason": {
            "type": "string",
            "maxLength": 2_000,
            "title": "Reason",
            "description": "The sentence that people, and models whose call is denied, are told.",
        },
        "reviewers": {
            "type": "array",
            "items": REVIEWER,
            "minItems": 1,
            "maxItems": 50,
            "uniqueItems": True,
            "title": "Reviewers",
            "description": "Who may approve: role:reviewer, user:rita or group:support-leads. Any of them decides.",
            "default": list(REVIEWERS),
        },
        "quorum": {
            "type": "integer",
            "minimum": 1,
            "maximum": 50,
            "title": "Quorum",
            "description": "How many of them have to approve. One rejection is enough to reject.",
            "default": 1,
        },
        "four_eyes": {
            "type": "boolean",
            "title": "Four eyes",
            "description": "Whoever launched the run cannot approve it.",
            "default": False,
        },
        "due_in_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": LONGEST_DUE_S,
            "title": "Due in (seconds)",
            "description": "Who has not decided by then has rejected. Without it the run waits.",
        },
    },
}

ALWAYS = frozenset({"flow", "project", "user", "environment", "trigger", "run", "cost_usd"})
OWN = {
    "flow.launch": {"input"},
    "agent.run": {"agent", "input"},
    "model.call": {"agent", "model", "input"},
    "tool.call": {"agent", "tool", "arguments"},
    "handoff": {"agent", "input"},
    "output.release": {"output"},
}
MEMBERS = {
    "agent": frozenset({"slug", "version", "tools"}),
    "tool": frozenset({"slug", "version", "type", "risk", "idempotent"}),
    "flow": frozenset({"slug", "version"}),
    "run": frozenset({"id", "flow", "project", "user", "environment", "cost_usd"}),
}
PLAIN = {
    "model": "text such as openai-main/gpt-5-mini",
    "project": "the project's slug",
    "user": "a username",
    "environment": "text",
    "trigger": "text",
    "cost_usd": "a number",
}


def register() -> None:
    register_kind("policy", "policies", SCHEMA, problems)


def problems(body: Mapping[str, Any], project: Project) -> list[Problem]:
    """What is wrong with a policy that fits the schema."""
    found = [] if "when" not in body else list(_condition_problems(body["when"], body["actions"]))
    if body["effect"] == APPROVE:
        return [*found, *_people_problems(body, project)]
    return [*found, *_contradictions(body)]


# --- the condition ---------------------------------------------------------------------------------------------


def _condition_problems(when: str, actions: list[str]) -> Iterator[Problem]:
    flaws = expressions.check_condition(when)
    for flaw in flaws:
        place = "" if flaw.position is None else f" (at character {flaw.position + 1})"
        yield Problem("/when", f"The condition cannot be read: {flaw.reason}{place}.", "expression_error")
    if flaws:
        return
    roots = expressions.roots_condition(when)
    for name in sorted(roots - set(FACTS)):
        meant = nearest(name, FACTS)
        instead = f"did you mean {meant}?" if meant else f"there are {', '.join(FACTS)}."
        yield Problem("/when", f"There is no fact {name}: {instead}", "unknown_name")
    for name in sorted(roots & set(FACTS)):
        if f"{name}!=null" not in when.replace(" ", ""):
            yield from _absence_problems(name, actions)
        yield from _member_problems(name, when)


def _absence_problems(name: str, actions: list[str]) -> Iterator[Problem]:
    """A fact that an operation does not have is null: what reads it fails there, which denies."""
    without = [action for action in actions if name not in ALWAYS and name not in OWN[action]]
    if len(without) == len(actions):
        having = [action for action in ACTIONS if name in OWN[action]]
        message = f"{name} is always null for {', '.join(actions)}: it is a fact of {', '.join(having)}."
        yield Problem("/when", message, "fact_not_there")
    elif without:
        message = (
            f"{name} is null for {', '.join(without)}: begin with `{name} != null && …`, or what cannot be "
            "evaluated denies there."
        )
        yield Problem("/when", message, "fact_may_be_null", "warning")
    elif name == "agent" and "tool.call" in actions:
        message = (
            "agent is null where a tool node calls the tool itself: begin with `agent != null && …`, or the policy "
            "denies there."
        )
        yield Problem("/when", message, "fact_may_be_null", "warning")


def _member_problems(name: str, when: str) -> Iterator[Problem]:
    known = MEMBERS.get(name, frozenset())
    for member in sorted(expressions.members_value(f"={when}", name) - known):
        if name in PLAIN:
            yield Problem("/when", f"{name} is {PLAIN[name]} and has no {member}.", "unknown_name")
        elif known:
            meant = nearest(member, known)
            instead = f"did you mean {name}.{meant}?" if meant else f"it has {', '.join(sorted(known))}."
            yield Problem("/when", f"There is no {name}.{member}: {instead}", "unknown_name")


# --- people ----------------------------------------------------------------------------------------------------


def _contradictions(body: Mapping[str, Any]) -> Iterator[Problem]:
    said = {
        "reviewers": "reviewers" in body,
        "quorum": body.get("quorum", 1) > 1,
        "four_eyes": body.get("four_eyes", False),
        "due_in_s": "due_in_s" in body,
    }
    for field in (field for field, is_said in said.items() if is_said):
        message = f"A policy that says {body['effect']} asks nobody: leave {field} out, or let it approve."
        yield Problem(f"/{field}", message, "contradiction")


def _people_problems(body: Mapping[str, Any], project: Project) -> Iterator[Problem]:
    """Somebody has to be able to decide, or every run that matches waits for ever."""
    people = _People(project)
    named = body.get("reviewers", REVIEWERS)
    found = [people.behind(name) for name in named]
    for index, (name, known) in enumerate(zip(named, found, strict=True)):
        if not known:
            message = f"Nobody in this project is {name}: give somebody that role, or name others."
            severity = "warning" if any(found) else "error"
            yield Problem(f"/reviewers/{index}", message, "nobody", severity)
    able, quorum = set().union(*found), body.get("quorum", 1)
    if able and len(able) < quorum:
        message = f"{quorum} have to approve, and only {len(able)} can: lower the quorum, or name more."
        yield Problem("/quorum", message, "nobody")
    elif able and body.get("four_eyes") and len(able) == quorum:
        message = (
            "When one of the reviewers launches the run, too few others are left to approve it: name more."
        )
        yield Problem("/four_eyes", message, "too_few", "warning")


class _People:
    """Who stands behind the names of reviewers in a project; admins stand in for every role."""

    def __init__(self, project: Project):
        self.project = project
        members = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
        self.roles = {member.user.username: frozenset(member.roles) for member in members}

    def behind(self, reviewer: str) -> set[str]:
        kind, _, name = reviewer.partition(":")
        if kind == "user":
            return {name} & self.roles.keys()
        if kind == "role":
            return {user for user, roles in self.roles.items() if roles & {name, "admin"}}
        group = Group.objects.filter(project=self.project, slug=name, members__is_active=True)
        return set(group.values_list("members__username", flat=True)) & self.roles.keys()
