"""Names on their way in: labels, environments, names of models. They cannot be a token, everybody reads them.

So what the project's rules would change in a text is refused in a name: a person says it otherwise, or puts it where
values belong.
"""

from collections.abc import Mapping

from asgiref.sync import async_to_sync

from governance.detection import find_many
from governance.privacy import rulesets
from governance.privacy.rules import ALLOW, FLAG, Ruleset
from governance.refusals import Problem, Refused

SENTENCE = "The privacy rules {rules} protect what is found here ({found}): a name is read by everybody, leave it out."


class NameRefused(Refused):
    """A name holds what the privacy rules protect."""


def refuse_protected(project_id: int, where: str, names: Mapping[str, str]) -> None:
    """`names` are texts by their JSON pointers; the rules on `where` hold. Not on an event loop. Raises NameRefused."""
    rules = rulesets.read(project_id).chosen()
    if rules is None or not rules.speaks_of(where) or not any(names.values()):
        return
    found = async_to_sync(find_many)(list(names.values()), rules.entities(where))
    protected = {
        at: sorted({one.entity for one in findings if rules.action(where, one.entity) not in (ALLOW, FLAG)})
        for at, findings in zip(names, found, strict=True)
    }
    problems = [
        Problem(at, sentence(rules, entities), "denied") for at, entities in protected.items() if entities
    ]
    if problems:
        raise NameRefused(problems)


def sentence(rules: Ruleset, entities: list[str]) -> str:
    return SENTENCE.format(rules=rules.name, found=", ".join(entities))
