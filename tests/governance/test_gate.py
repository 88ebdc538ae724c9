"""The gate and its rules: a table of operations with the verdicts they get."""

import json
import time

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from governance.gate import BUILT_IN, Operation, Verdict, decide, fingerprint
from governance.rules import Rulebook

REFUND = {"slug": "create-refund", "version": 2, "risk": "irreversible"}
LOOKUP = {"slug": "lookup", "version": 1, "risk": "read"}
AGENT = {"slug": "billing", "version": 4, "tools": ["lookup", "create-refund@2"]}


def policy(slug: str, effect: str, when: str | None = None, *actions: str, **fields) -> dict:
    found = {
        "kind": "policy",
        "slug": slug,
        "effect": effect,
        "actions": list(actions or ("tool.call",)),
        **fields,
    }
    return found if when is None else {**found, "when": when}


def book(*policies: dict) -> Rulebook:
    return Rulebook.parse((document, 3) for document in policies)


def tool_call(tool=LOOKUP, agent=AGENT, **arguments) -> Operation:
    return Operation("tool.call", "c1", {"agent": agent, "tool": tool, "arguments": arguments})


@pytest.mark.parametrize(
    ("operation", "effect", "code", "policies"),
    [
        (tool_call(LOOKUP), "allow", None, ()),
        (tool_call(REFUND), "approve", None, ("built-in/irreversible",)),
        (tool_call({"slug": "hr", "risk": "read"}), "deny", "tool_not_allowed", ("built-in/tool-list",)),
        (
            tool_call({"slug": "hr", "risk": "irreversible"}),
            "deny",
            "tool_not_allowed",
            ("built-in/tool-list",),
        ),
        (tool_call(LOOKUP, {"slug": "mute"}), "deny", "tool_not_allowed", ("built-in/tool-list",)),
        (tool_call({"slug": "create"}), "deny", "tool_not_allowed", ("built-in/tool-list",)),
        (tool_call({"slug": "hr", "risk": "write"}, None), "allow", None, ()),
        (tool_call(REFUND, None), "approve", None, ("built-in/irreversible",)),
        (Operation("model.call", "c1", {"agent": {"slug": "billing"}, "model": "a/b"}), "allow", None, ()),
        (Operation("flow.launch", "launch", {}), "allow", None, ()),
    ],
)
def test_what_is_built_in(operation, effect, code, policies):
    verdict = decide(operation)
    assert (verdict.effect, verdict.code, verdict.policies) == (effect, code, policies)
    assert verdict.reason
    assert verdict.reviewers == (("role:reviewer",) if effect == "approve" else ())


ALLOW = policy("trusted", "allow", "tool.slug == 'create-refund' && arguments.amount < 10.0")
APPROVE = policy(
    "over-50", "approve", "arguments.amount > 50.0", quorum=1, reviewers=["group:leads"], due_in_s=60
)
STRICT = policy("over-90", "approve", "arguments.amount > 90.0", quorum=2, four_eyes=True, due_in_s=30)
DENY = policy("never", "deny", "arguments.amount > 99.0", reason="Nobody refunds that much.")
BROKEN = policy("broken", "allow", "nothing.here == 1")


@pytest.mark.parametrize(
    ("policies", "amount", "effect", "names"),
    [
        ((), 5.0, "approve", ("built-in/irreversible",)),
        ((ALLOW,), 5.0, "allow", ("trusted@3",)),
        ((ALLOW,), 15.0, "approve", ("built-in/irreversible",)),
        ((APPROVE,), 60.0, "approve", ("over-50@3",)),
        ((policy("all", "allow"), APPROVE), 60.0, "approve", ("over-50@3",)),
        ((APPROVE, STRICT), 95.0, "approve", ("over-50@3", "over-90@3")),
        ((APPROVE, STRICT, DENY), 100.0, "deny", ("never@3",)),
        ((policy("all", "allow"), DENY), 100.0, "deny", ("never@3",)),
        ((policy("all", "allow"), BROKEN), 5.0, "deny", ("broken@3",)),
        ((policy("typed", "allow", "arguments.amount > 'x'"),), 5.0, "deny", ("typed@3",)),
        ((policy("syntax", "allow", "arguments. >"),), 5.0, "deny", ("syntax@3",)),
        ((policy("number", "allow", "1 + 1"),), 5.0, "deny", ("number@3",)),
        ((policy("models", "deny", None, "model.call"),), 5.0, "approve", ("built-in/irreversible",)),
    ],
)
def test_deny_beats_approve_beats_allow(policies, amount, effect, names):
    verdict = decide(tool_call(REFUND, amount=amount), book(*policies))
    assert (verdict.effect, verdict.policies) == (effect, names)
    assert verdict.code == ("denied" if effect == "deny" else None)


def test_the_list_of_an_agent_comes_before_any_policy():
    verdict = decide(tool_call({"slug": "hr", "risk": "read"}), book(policy("all", "allow")))
    assert verdict.code == "tool_not_allowed"


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        (["role:reviewer"], ["user:ada"], ("user:ada",)),
        (["user:ada"], ["group:leads"], ("user:ada",)),
        (["role:reviewer", "user:ada"], ["role:reviewer", "group:leads"], ("role:reviewer",)),
    ],
)
def test_of_several_approvals_the_narrowest_circle_is_asked(first, second, asked):
    rules = book(policy("all", "approve", reviewers=first), policy("big", "approve", reviewers=second))
    assert decide(tool_call(REFUND, amount=95.0), rules).reviewers == asked


def test_several_approvals_become_the_strictest():
    verdict = decide(tool_call(REFUND, amount=95.0), book(APPROVE, STRICT))
    assert (verdict.reviewers, verdict.quorum, verdict.four_eyes, verdict.due_in_s) == (
        ("group:leads",),
        2,
        True,
        30,
    )


def test_a_verdict_says_why():
    assert decide(tool_call(REFUND, amount=100.0), book(DENY)).reason == "Nobody refunds that much."
    broken = decide(tool_call(REFUND, amount=1.0), book(BROKEN)).reason
    assert broken.startswith(
        "The policy broken@3 could not be evaluated, which counts as deny: `nothing.here == 1`"
    )
    assert decide(tool_call(LOOKUP)) == Verdict("allow", reason="No policy speaks against it.")


def test_a_verdict_as_an_event():
    operation = tool_call(REFUND)
    assert decide(operation).as_event(operation) == {
        "call": "c1",
        "action": "tool.call",
        "effect": "approve",
        "policies": ["built-in/irreversible"],
        "reason": "What the tool 'create-refund' does cannot be undone: a person decides.",
    }


def operation(arguments, call="c1", run="r1", tool=REFUND) -> Operation:
    return Operation(
        "tool.call", call, {"tool": tool, "arguments": arguments, "run": {"id": run, "cost_usd": 1}}
    )


def test_a_fingerprint_binds_the_exact_operation():
    first = fingerprint(operation({"amount": 80, "to": {"a": 1, "b": 2}}))
    assert len(first) == 64
    assert fingerprint(operation({"to": {"b": 2, "a": 1}, "amount": 80})) == first
    others = [
        operation({"amount": 81, "to": {"a": 1, "b": 2}}),
        operation({"amount": 80, "to": {"a": 1, "b": 2}}, call="c2"),
        operation({"amount": 80, "to": {"a": 1, "b": 2}}, run="r2"),
        operation({"amount": 80, "to": {"a": 1, "b": 2}}, tool={**REFUND, "version": 3}),
        operation({"amount": "80", "to": {"a": 1, "b": 2}}),
    ]
    assert len({first, *map(fingerprint, others)}) == 6
    with override_settings(SECRET_KEY="another"):
        assert fingerprint(operation({"amount": 80, "to": {"a": 1, "b": 2}})) != first


@pytest.mark.parametrize(
    "changed",
    [
        {"tool": {**REFUND, "version": 3}},
        {"tool": {**REFUND, "slug": "create-credit"}},
        {"call": "refund.1/a2"},
        {"call": "refund.2/a1"},
        {"call": "credit.1/a1"},
        {"run": "r2"},
    ],
    ids=["version", "tool", "another call", "another iteration", "another step", "another run"],
)
def test_whatever_is_changed_must_be_asked_again(changed):
    asked = {"call": "refund.1/a1", "run": "r1", "tool": REFUND}
    arguments = {"amount": 80}
    before = fingerprint(operation(arguments, **asked), ("refunds@3",))
    assert fingerprint(operation(arguments, **asked), ("refunds@3",)) == before
    assert fingerprint(operation(arguments, **{**asked, **changed}), ("refunds@3",)) != before


def test_a_fingerprint_names_the_policies_that_ask_with_their_versions():
    once = operation({"amount": 80})
    before = fingerprint(once, ("refunds@3", "night@1"))
    assert fingerprint(once, ("night@1", "refunds@3")) == before
    assert (
        len({before, *(fingerprint(once, names) for names in ((), ("refunds@3",), ("refunds@4", "night@1")))})
        == 4
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), values), st.randoms())
def test_the_order_of_keys_changes_no_fingerprint(arguments, random):
    def shuffled(value):
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(inner) for inner in value] if isinstance(value, list) else value

    assert fingerprint(operation(shuffled(arguments))) == fingerprint(operation(arguments))
    changed = json.loads(json.dumps(arguments)) | {"one more": 1}
    assert (fingerprint(operation(changed)) == fingerprint(operation(arguments))) is (changed == arguments)


def test_deciding_takes_microseconds():
    calls = [
        tool_call(LOOKUP),
        tool_call(REFUND),
        Operation("model.call", "c", {"agent": AGENT, "model": "a/b"}),
    ]
    began = time.perf_counter()
    for _ in range(1000):
        for call in calls:
            decide(call, BUILT_IN)
    assert (time.perf_counter() - began) / 3000 < 100e-6
