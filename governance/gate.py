"""The gate: one question in (Operation), one answer out (Verdict with its reasons).

Design note. Every operation of every run asks here, several times a step, so deciding is a pure function of plain
values: no database, no clock, microseconds. Who asks brings the facts and the rulebook; the caller writes the
verdict to the journal before anything happens.
The order is fixed and short. A tool outside its agent's list is denied before any policy. Then deny beats approve
beats allow; a rule that cannot be evaluated counts as deny, so a typo closes the door instead of opening it. An
irreversible tool needs an approval unless an allow policy matches the call. Nothing matches: allow.
Several approve rules become one approval that satisfies the strictest: the reviewers that all of them name (else the
narrowest circle: people, then groups, then roles), the highest quorum, four eyes if any asks for it, the earliest due
time.
Rejected: Cedar (skips a rule that errors: a forbid turns into an allow), an ORM query a decision (600 µs), and
policies as code (nobody could simulate or explain them).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.conf import settings

from governance.rules import ACTIONS, ALLOW, APPROVE, DENY, FAULT, REVIEWERS, Match, Rule, Rulebook

__all__ = ["ACTIONS", "BUILT_IN", "Operation", "Verdict", "decide", "fingerprint", "keyed_hash"]

CIRCLES = ("user", "group", "role")  # the narrow ones first
TOOL_LIST, IRREVERSIBLE = "built-in/tool-list", "built-in/irreversible"
BUILT_IN = Rulebook()


@dataclass(frozen=True, slots=True)
class Operation:
    """What somebody is about to do: `action` is one of ACTIONS, `call` its name in the run's journal.

    `facts` are plain JSON values by the names of the contract: agent, tool, flow, model, arguments, input, output,
    project, user, environment, trigger, run, cost_usd. The gate itself reads `agent.tools` (a list of references)
    and `tool.slug`, `tool.risk`; a tool node has no agent, or one that is None.
    """

    action: str
    call: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: `effect` is allow, deny or approve. `code` is the error code of a denial (contract, section 5).

    `policies` names what decided, each as "slug@version" or "built-in/…"; for approve, who has to agree how.
    """

    effect: str
    code: str | None = None
    policies: tuple[str, ...] = ()
    reason: str = ""
    reviewers: tuple[str, ...] = ()
    quorum: int = 1
    four_eyes: bool = False
    due_in_s: float | None = None
    besides: str = ""  # what would have been, were it not for what decided

    def as_event(self, operation: Operation) -> dict[str, Any]:
        """The data of `policy.decided` (contract, section 6)."""
        return {
            "call": operation.call,
            "action": operation.action,
            "effect": self.effect,
            "policies": list(self.policies),
            "reason": self.reason,
        }

    def as_line(self, operation: Operation, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The same with everything that is needed to act on it after a crash, and with `facts`: what the journal keeps
        of the operation's facts (registry.facts, runs.recomputing), never the facts themselves."""
        line = {**self.as_event(operation), "facts": facts}
        if self.besides:
            line["besides"] = self.besides
        if self.effect == DENY:
            line["code"] = self.code
        elif self.effect == APPROVE:
            line |= {
                "reviewers": list(self.reviewers),
                "quorum": self.quorum,
                "four_eyes": self.four_eyes,
                "due_in_s": self.due_in_s,
            }
        return line


NO_OBJECTION = Verdict(ALLOW, reason="No policy speaks against it.")


def decide(operation: Operation, rulebook: Rulebook = BUILT_IN) -> Verdict:
    """The verdict on `operation`. Pure; raises nothing for plain facts."""
    outside = _outside_the_list(operation)
    if outside is not None:
        return outside
    matches = rulebook.matches(operation.action, operation.facts)
    if not matches:
        return _built_in(operation)
    by_effect = {
        effect: [match for match in matches if match.effect == effect] for effect in (DENY, APPROVE, ALLOW)
    }
    if by_effect[DENY]:
        first = by_effect[DENY][0]
        return Verdict(DENY, "denied", _names(by_effect[DENY]), first.reason, besides=_besides(operation))
    if by_effect[APPROVE]:
        return _approval(by_effect[APPROVE])
    if by_effect[ALLOW]:
        return Verdict(ALLOW, policies=_names(by_effect[ALLOW]), reason=by_effect[ALLOW][0].reason)
    return _built_in(operation)


def told(verdict: Verdict, shown: Operation, rulebook: Rulebook = BUILT_IN) -> Verdict:
    """The verdict with a reason that tells no value which `shown`, the same operation as the journal holds it, hides:
    what is wrong in a condition is said with the data that it met."""
    if FAULT not in verdict.reason:
        return verdict
    reason = decide(shown, rulebook).reason
    if FAULT not in reason:
        reason = f"{verdict.reason.partition(': ')[0]}: a value that is protected here does not fit it."
    return replace(verdict, reason=reason)


def fingerprint(operation: Operation, policies: Sequence[str] = ()) -> str:
    """What binds an approval to one exact operation: action, call (its step), run, tool with version, arguments, and
    the policies that ask for it, each with its version.

    A keyed hash in hex: equal content of two runs or two installations never looks equal. The order of keys
    changes nothing.
    """
    facts = operation.facts
    named = {
        name: facts.get(name) for name in ("run", "agent", "tool", "model", "arguments", "input", "output")
    }
    for name in ("agent", "tool"):
        if isinstance(named[name], Mapping):
            named[name] = [named[name].get("slug"), named[name].get("version")]
    if isinstance(named["run"], Mapping):
        named["run"] = named["run"].get("id")
    return keyed_hash(operation.action, operation.call, named, sorted(policies))


def keyed_hash(*parts: Any) -> str:
    """HMAC-SHA-256 in hex of JSON values, under a key of this installation; key order changes nothing."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=_plain)
    return hmac.new(_key(settings.SECRET_KEY), text.encode(), hashlib.sha256).hexdigest()


def _outside_the_list(operation: Operation) -> Verdict | None:
    agent, tool = operation.facts.get("agent"), operation.facts.get("tool")
    if operation.action != "tool.call" or agent is None or tool is None:
        return None
    if any(ref.partition("@")[0] == tool["slug"] for ref in agent.get("tools") or ()):
        return None
    reason = f"The tool {tool['slug']!r} is not on the list of the agent {agent.get('slug')!r}."
    return Verdict(DENY, "tool_not_allowed", (TOOL_LIST,), reason)


def _besides(operation: Operation) -> str:
    """A policy denies what the agent itself was given: both are said, so that nobody looks for the wrong cause."""
    agent, tool = operation.facts.get("agent"), operation.facts.get("tool")
    if operation.action != "tool.call" or agent is None or tool is None:
        return ""
    return f"The agent {agent.get('slug')!r} has the tool {tool['slug']!r} on its list: a policy is stronger."


def _approval(matches: Sequence[Match]) -> Verdict:
    rules = [match.rule for match in matches]
    dues = [rule.due_in_s for rule in rules if rule.due_in_s is not None]
    return Verdict(
        APPROVE,
        policies=_names(matches),
        reason=matches[0].reason,
        reviewers=_reviewers(rules),
        quorum=max(rule.quorum for rule in rules),
        four_eyes=any(rule.four_eyes for rule in rules),
        due_in_s=min(dues, default=None),
    )


def _reviewers(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Who may agree for all of them: whom each names, else the narrowest circle (people, groups, roles)."""
    shared = tuple(name for name in rules[0].reviewers if all(name in rule.reviewers for rule in rules))
    if shared:
        return shared
    return min((rule.reviewers for rule in rules), key=lambda names: max(map(_width, names), default=0))


def _width(reviewer: str) -> int:
    return CIRCLES.index(reviewer.partition(":")[0])


def _built_in(operation: Operation) -> Verdict:
    tool = operation.facts.get("tool")
    if operation.action != "tool.call" or tool is None or tool.get("risk") != "irreversible":
        return NO_OBJECTION
    reason = f"What the tool {tool['slug']!r} does cannot be undone: a person decides."
    return Verdict(APPROVE, policies=(IRREVERSIBLE,), reason=reason, reviewers=REVIEWERS)


def _names(matches: Sequence[Match]) -> tuple[str, ...]:
    return tuple(match.rule.name for match in matches)


@lru_cache(maxsize=4)
def _key(secret_key: str) -> bytes:
    return hashlib.sha256(b"baton fingerprints 1 " + secret_key.encode()).digest()


def _plain(value: Any) -> Any:
    """Mappings and tuples as JSON knows them."""
    return dict(value) if isinstance(value, Mapping) else list(value)
