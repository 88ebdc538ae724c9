"""Protected values for those who may see them: who saw which run's, and in what, is on the audit log each time."""

from collections.abc import Mapping, Sequence
from typing import Any

from governance import audit
from governance.models import User
from governance.privacy import tokens, vault
from runs.models import Run


def revealed(run: Run, contents: Sequence[Any], by: User, what: str) -> list[Any]:
    """`contents` of the run with the values behind their tokens, on record. The caller has asked for the right.

    `what` is where `by` looked, such as "run", "steps" or "approval/ID"; it stands in the audit entry with how many
    values of which entity were shown, never a value.
    """
    names = {
        name for content in contents for text in tokens.texts_of(content) for name in tokens.found_in(text)
    }
    audit.record(
        "run.reveal", f"runs/{run.public_id}", by, run.project, {"what": what, "values": counted(names)}
    )
    return vault.reveal(run.root_id, contents)


def revealed_where_any(run: Run, contents: Sequence[Any], by: User, what: str) -> list[Any]:
    """The same for one run among many: what names no token is neither asked for nor on record."""
    if any(tokens.found_in(text) for content in contents for text in tokens.texts_of(content)):
        return revealed(run, contents, by, what)
    return list(contents)


def counted(names: set[str]) -> Mapping[str, int]:
    """{entity: how many} of tokens."""
    entities = sorted(name[1:].rpartition("_")[0] for name in names)
    return {entity: entities.count(entity) for entity in dict.fromkeys(entities)}
