"""What a policy document must be, beyond what its schema says."""

import pytest

from governance import documents, people, policy_documents, schemas
from governance.policy_documents import SCHEMA
from governance.refusals import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies(small_kinds) -> None:
    policy_documents.register()


@pytest.fixture
def project():
    project = people.create_project("demo", "Demo", None)
    for username, role in (("ada", "admin"), ("ben", "viewer"), ("rita", "reviewer")):
        people.add_member(project, people.create_user(username, None), [role], None)
    return project


def policy(**more) -> dict:
    return {"kind": "policy", "slug": "p", "effect": "deny", "actions": ["tool.call"], **more}


def asking(**more) -> dict:
    return policy(effect="approve", **more)


def found(project, body: dict) -> list[tuple[str, str, str]]:
    problems = documents.problems_of(project, "policy", body)
    return [(problem.pointer, problem.code, problem.message) for problem in problems]


def test_the_policy_of_the_contract_fits(project):
    body = {
        "kind": "policy", "slug": "refunds-over-50", "effect": "approve", "actions": ["tool.call"],
        "when": 'tool.slug == "create-refund" && arguments.amount > 50.0', "reviewers": ["role:reviewer"],
        "quorum": 1, "four_eyes": True, "due_in_s": 1800, "reason": "Refunds over $50 need a support lead.",
    }  # fmt: skip
    assert schemas.instance_problems(SCHEMA, body) == [] and found(project, body) == []
    version, created = documents.create_and_publish(project, "policies", "refunds-over-50", body, None)
    assert (version.number, created) == (1, True)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (policy(effect="forbid"), "/effect"),
        (policy(actions=[]), "/actions"),
        (policy(actions=["tool.call", "tool.call"]), "/actions"),
        (policy(actions=["launch"]), "/actions/0"),
        (policy(priority=1), "/priority"),
        (asking(reviewers=["reviewer"]), "/reviewers/0"),
        (asking(reviewers=["role:boss"]), "/reviewers/0"),
        (asking(quorum=0), "/quorum"),
        (asking(due_in_s=0), "/due_in_s"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_where_it_stands(project, body, at):
    with pytest.raises(Refused) as refused:
        documents.save_draft(project, "policy", "p", body, None)
    assert at in [problem.pointer for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("when", "code", "message"),
    [
        ("tool.slug ==", "expression_error", "(at character 13)"),
        ("tols.slug == 'x'", "unknown_name", "There is no fact tols: did you mean tool?"),
        ("steps.a.output == 1", "unknown_name", "There is no fact steps"),
        ("tool.slgu == 'x'", "unknown_name", "There is no tool.slgu: did you mean tool.slug?"),
        ("user.username == 'x'", "unknown_name", "user is a username and has no username."),
        ("output.n > 1", "fact_not_there", "output is always null for tool.call"),
        ("agent.slug == 'x'", "fact_may_be_null", "agent is null where a tool node calls the tool itself"),
    ],
)
def test_a_condition_that_could_only_deny_by_accident_is_told(project, when, code, message):
    (problem,) = [one for one in found(project, policy(when=when)) if one[1] == code]
    assert problem[0] == "/when" and message in problem[2]


@pytest.mark.parametrize(
    "when",
    [
        "agent != null && agent.slug == 'x'",
        "project != 'finance' && environment == 'prod' && user in ['ada', 'ben'] && trigger == 'api'",
        "tool.risk == 'irreversible' && !tool.idempotent && cost_usd > 1.5 && run.cost_usd > 1.0",
        "has(arguments.amount) && double(arguments.amount) > 5.0 && flow.version >= 3",
    ],
)
def test_what_the_contract_lists_may_be_named(project, when):
    assert found(project, policy(when=when)) == []


def test_several_actions_share_a_condition_only_with_a_guard(project):
    both = ["tool.call", "flow.launch"]
    (warned,) = found(project, policy(actions=both, when="tool.slug == 'x'"))
    assert warned[1] == "fact_may_be_null" and "for flow.launch" in warned[2]
    assert found(project, policy(actions=both, when="tool != null && tool.slug == 'x'")) == []


@pytest.mark.parametrize(
    "field", [{"reviewers": ["role:admin"]}, {"quorum": 2}, {"four_eyes": True}, {"due_in_s": 9}]
)
def test_who_asks_nobody_names_nobody(project, field):
    (problem,) = found(project, policy(**field))
    assert problem[:2] == (f"/{next(iter(field))}", "contradiction")
    assert found(project, policy(quorum=1, four_eyes=False)) == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (asking(), []),
        (asking(reviewers=["role:operator"]), []),  # an admin stands in for every role
        (asking(reviewers=["user:nobody"]), [("/reviewers/0", "nobody")]),
        (asking(reviewers=["group:leads"]), [("/reviewers/0", "nobody")]),
        (asking(reviewers=["user:rita", "user:gone"]), [("/reviewers/1", "nobody")]),
        (asking(quorum=3), [("/quorum", "nobody")]),
        (asking(quorum=2, four_eyes=True), [("/four_eyes", "too_few")]),
    ],
)
def test_somebody_has_to_be_able_to_approve(project, body, wanted):
    assert [problem[:2] for problem in found(project, body)] == wanted


def test_a_group_decides_once_somebody_is_in_it(project):
    body = asking(reviewers=["group:leads"])
    with pytest.raises(Refused):
        documents.create_and_publish(project, "policies", "p", body, None)
    people.put_group(project, "leads", ["rita"], None)
    assert documents.create_and_publish(project, "policies", "p", body, None)[1]
