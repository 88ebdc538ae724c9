"""What people say to an item of the inbox on its way in: looked through before it is stored, like a run's input.

It can become a run's data, a tool's arguments or a tool's answer: the strictest of the project's rules on these hold.
Tokens of what the person was asked stay tokens; others that are written look like text.
"""

from typing import Any

from governance.models import Approval
from governance.privacy import Ruleset, rulesets, tokens
from governance.privacy.rules import strictest
from governance.refusals import Problem, Refused
from registry.privacy import names_in
from runs.given import meant_by, sifted_here
from runs.models import Run

WHERE = "approval"
PLACES = (WHERE, "run_input", "tool_input", "tool_output")


def looked_through(
    sender: type, *, approval: Approval, said: Any, at: str, **_: object
) -> tuple[Any, Any] | None:
    """The receiver of governance.approvals.saying: (what is kept, what it means); None where it is kept as it is.
    `at` is the field that it stands in. Raises Refused for what the rules stop."""
    rules = rulesets.read(approval.project_id).chosen()
    names = names_in([approval.title, approval.payload])
    if rules is None and not names and not names_in(said):
        return None
    root_id = Run.objects.values_list("root_id", flat=True).get(id=approval.run_id)
    there = tokens.keys_of(approval.payload)
    kept = tokens.each_text(
        said, lambda text: tokens.escape(text, names), lambda key: key if key in there else tokens.escape(key)
    )
    if rules is not None:
        sifted = sifted_here(for_people(rules), WHERE, kept, root_id)
        if sifted.blocked:
            raise Refused([Problem(at, sifted.blocked, "denied")])
        kept = sifted.content
    return kept, meant_by(root_id, kept)


def for_people(rules: Ruleset) -> Ruleset:
    """The rules on what people say."""
    entities = {entity for place in PLACES for entity in rules.entities(place)}
    actions = {entity: strictest(*(rules.action(place, entity) for place in PLACES)) for entity in entities}
    return Ruleset(rules.name, {WHERE: {entity: at_most(action) for entity, action in actions.items()}})


def at_most(action: str) -> str:
    """Who would be asked to approve is whoever says this: what needs an approval is a token."""
    return "tokenize" if action == "approve" else action
