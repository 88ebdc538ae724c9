"""A draft policy on past decisions: what counts as a flip, how far back it looks, and what it cannot know."""

import pytest

from governance import documents, people
from governance.privacy import rulesets
from governance.refusals import Refused
from runs import launch, simulation
from runs.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
FLOW = {
    "kind": "flow",
    "slug": "plain",
    "nodes": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
    "edges": [{"from": "start", "to": "end"}],
}


@pytest.fixture
def ada():
    return people.create_user("ada", None)


@pytest.fixture
def project(ada):
    project = people.create_project("demo", "Demo", ada)
    documents.create_and_publish(project, "flows", "plain", FLOW, ada)
    return project


def policy(effect: str, when: str, slug: str = "p", **more) -> dict:
    return {
        "kind": "policy",
        "slug": slug,
        "effect": effect,
        "actions": ["flow.launch"],
        "when": when,
        **more,
    }


@pytest.fixture
def runs(project, ada):
    return [launch.launch(project, "plain", {"n": n}, user=ada, environment="prod")[0] for n in range(4)]


def test_a_flip_is_another_effect_than_then_and_than_the_active_policies_say(project, ada, runs):
    found = simulation.simulate(project, policy("deny", "input.n >= 2", reason="Two or more."))
    assert found == {
        "decisions": 4,
        "flips": [
            {
                "run": run.public_id,
                "seq": 2,
                "node": None,
                "action": "flow.launch",
                "was": "allow",
                "would_be": "deny",
                "reason": "Two or more.",
            }
            for run in (runs[3], runs[2])
        ],
        "skipped": 0,
        "most": 10_000,
        "complete": True,
        "late": False,
    }


def test_what_is_active_already_flips_nothing(project, ada, runs):
    active = policy("deny", "input.n >= 2")
    documents.create_and_publish(project, "policies", "p", active, ada)
    assert simulation.simulate(project, active)["flips"] == []
    documents.create_and_publish(project, "policies", "q", policy("deny", "input.n == 0", "q"), ada)
    assert simulation.simulate(project, active)["flips"] == [], (
        "what another policy does now is not this one's"
    )
    stricter = simulation.simulate(project, policy("deny", "input.n >= 1"))["flips"]
    assert [flip["run"] for flip in stricter] == [runs[1].public_id]
    milder = simulation.simulate(project, policy("allow", "true"))["flips"]
    assert milder == [], "these runs were allowed then, and would be again"


def test_it_looks_at_the_newest_and_says_so(project, runs):
    found = simulation.simulate(project, policy("deny", "true"), most=3)
    assert (found["decisions"], len(found["flips"]), found["most"], found["complete"]) == (3, 3, 3, False)
    assert found["flips"][0]["run"] == runs[3].public_id
    later = runs[2].created_at
    assert simulation.simulate(project, policy("deny", "true"), since=later)["decisions"] == 2


def test_a_policy_that_takes_long_is_broken_off_with_what_was_read(project, runs):
    slow = policy("deny", "[1, 2, 3, 4].all(a, [5, 6, 7, 8].all(b, a * b < 100)) && input.n > 0")
    found = simulation.simulate(project, slow, longest_s=0)
    assert (found["decisions"], found["flips"], found["complete"], found["late"]) == (0, [], False, True)
    whole = simulation.simulate(project, slow)
    assert (whole["decisions"], len(whole["flips"]), whole["complete"], whole["late"]) == (4, 3, True, False)


def test_a_decision_that_kept_no_facts_is_skipped_and_counted(project, runs):
    Event.objects.filter(run=runs[0], seq=2).update(
        data='{"call": "launch", "action": "flow.launch", "effect": "allow", "policies": [], "reason": ""}'
    )
    found = simulation.simulate(project, policy("deny", "true"))
    assert (found["decisions"], found["skipped"], len(found["flips"])) == (4, 1, 3)


def test_a_fixed_number_of_queries_for_any_number_of_decisions(
    project, ada, runs, django_assert_max_num_queries
):
    for n in range(20):
        launch.launch(project, "plain", {"n": n}, user=ada)
    with django_assert_max_num_queries(8):
        assert simulation.simulate(project, policy("deny", "true"))["decisions"] == 24


def test_protected_values_of_all_decisions_are_read_at_once_and_seen_by_the_policy(
    project, ada, django_assert_max_num_queries
):
    said = [{"entities": ["EMAIL_ADDRESS"], "where": ["run_input"], "action": "tokenize"}]
    documents.create_and_publish(
        project, "privacy", "default", {"kind": "privacy", "slug": "default", "rules": said}, ada
    )
    rulesets.forget()
    for n in range(20):
        launch.launch(project, "plain", {"to": f"p{n}@shop.example"}, user=ada)
    with django_assert_max_num_queries(9):
        found = simulation.simulate(project, policy("deny", "input.to == 'p7@shop.example'"))
    assert (found["decisions"], len(found["flips"])) == (20, 1)


@pytest.mark.parametrize("body", [[], {}, {"slug": 1}, policy("deny", "nothing"), policy("deny", "1 +")])
def test_what_is_no_policy_is_refused(project, body):
    with pytest.raises(Refused):
        simulation.simulate(project, body)
