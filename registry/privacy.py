"""Personal data at the door: what leaves for a model or a tool and what comes back, as the project's rules leave it.

Design note. The engine holds tokens. What goes out is sifted before anybody is asked, so that decisions, approvals
and the journal hold tokens too; values are put back at the last moment, for a tool that may see them (`sees`) or
where a person agreed. What comes back is sifted before it is written. A call that the journal holds is not sifted
again. A desk without a vault has no rules: there would be nowhere to keep what a token stands for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from governance import gate
from governance.port import ApprovalRequest, Desk
from governance.privacy import Ruleset, rulesets, sift, tokens
from governance.privacy.vault import restored
from governance.rules import REVIEWERS
from registry.calls import CallFailed, Pinned
from registry.untrusted import replacer
from registry.validation import mismatch

TITLES = {
    "model_input": "May this go to the model?",
    "model_output": "May this answer of the model go on?",
    "tool_input": "May this go to the tool?",
    "tool_output": "May this answer of the tool go on?",
    "run_output": "May this output leave?",
}
ARRIVALS = (
    "model_output",
    "tool_output",
)  # what merely looks like a token is escaped there, whatever is looked for


@dataclass(frozen=True, slots=True)
class Passing:
    """`content` as it may go on. With a `question` a person has to agree first; then the values of `entities` may be
    put back into what goes out."""

    content: Any
    question: str = ""
    entities: frozenset[str] = frozenset()


async def rules_for(desk: Desk, agent: Pinned | None = None) -> Ruleset | None:
    """The rules that hold for what the agent does (None: the project's own); None where nothing is looked at."""
    if desk.vault is None:
        return None
    slug = (agent.document or {}).get("privacy") if agent is not None else None
    return (await rulesets.fresh(desk.facts.project_id)).chosen(slug)


def may_concern(project_id: int, where: str) -> bool:
    """Whether the project's own rules speak of `where`; True also where that has to be read first. No I/O."""
    known = rulesets.young(project_id)
    rules = None if known is None else known.chosen()
    return known is None or (rules is not None and rules.speaks_of(where))


async def passing(desk: Desk, call: str, rules: Ruleset | None, where: str, content: Any) -> Passing:
    """What the rules leave of `content`, on record. Raises CallFailed `denied` where they stop it."""
    if rules is None or not (rules.speaks_of(where) or where in ARRIVALS):
        return Passing(content)
    sifted = await sift(rules, where, content, desk.vault)
    for action in dict.fromkeys(found["action"] for found in sifted.findings):
        there = {found["entity"]: found["count"] for found in sifted.findings if found["action"] == action}
        desk.found({"call": call, "where": where, "entities": list(there), "action": action, "counts": there})
    if sifted.blocked:
        raise CallFailed("denied", sifted.blocked)
    return Passing(sifted.content, sifted.approve or "", sifted.approvable)


async def agreed(desk: Desk, call: str, where: str, passed: Passing) -> Any:
    """The content that may go out, with the values that a person agreed to. Raises CallFailed `rejected`."""
    if not passed.question:
        return passed.content
    told = await desk.decided(_request(desk, call, where, passed))
    if told.decision != "approve":
        late = "Nobody decided in time." if told.decision == "timed_out" else ""
        raise CallFailed("rejected", told.reason or late or f"A reviewer rejected it. {passed.question}")
    return clear(desk, passed.content, passed.entities)


def clear(desk: Desk, content: Any, entities: Collection[str] | None = None) -> Any:
    """`content` with the values behind its tokens, of `entities` alone where some are named. For decisions, checks,
    hashes, and for what leaves."""
    if desk.vault is None:
        return content
    return restored(content, desk.vault.value_of, entities)


def fault(desk: Desk, schema: Mapping, meant: Any, shown: Any) -> str | None:
    """What is wrong with `meant`, without telling a value that `shown`, the same as the journal holds it, hides."""
    meant = clear(desk, meant)
    found = mismatch(schema, meant)
    if found is None or meant == shown:
        return found
    return mismatch(schema, shown) or "A value that is protected here does not fit."


def covered(desk: Desk, content: Any, given: Any) -> Any:
    """`content`, such as a peer's words, in which no value stands that a token of `given` stands for."""
    values = values_in(desk, given)
    return tokens.each_text(content, replacer(values)) if values else content


def values_in(desk: Desk, content: Any) -> dict[str, str]:
    """{value: token} of the tokens in `content`."""
    if desk.vault is None:
        return {}
    names = {name for text in tokens.texts_of(content) for name in tokens.found_in(text)}
    return {value: name for name in names if (value := desk.vault.value_of(name)) is not None}


def names_in(content: Any) -> set[str]:
    """The tokens in JSON content."""
    return {name for text in tokens.texts_of(content) for name in tokens.found_in(text)}


def _request(desk: Desk, call: str, where: str, passed: Passing) -> ApprovalRequest:
    bound = (desk.facts.run, call, where, clear(desk, passed.content), passed.question)
    return ApprovalRequest(
        kind="approval",
        call=f"{call}/{where}",
        title=TITLES[where],
        payload=passed.content,
        fingerprint=gate.keyed_hash(*bound),
        reviewers=REVIEWERS,
        reason=passed.question,
        subject={"action": where},
    )
