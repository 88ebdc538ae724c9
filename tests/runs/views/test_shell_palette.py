"""The command palette: what one can reach or do, by name, in groups."""

import re

import pytest

from governance import clock
from governance.models import Approval, User
from tests.runs.views.history import store_run
from tests.runs.views.people import fragment, signed_in

PALETTE = "/projects/demo/palette/"


def lines(username: str, asked: str) -> dict[str, list[str]]:
    """{heading: labels} of what the palette answers."""
    answer = fragment(signed_in(username), f"{PALETTE}?q={asked}")
    groups = re.split(r'<div role="group" aria-label="', answer.content.decode())[1:]
    return {group.split('"')[0]: re.findall(r'class="truncate">([^<]*)<', group) for group in groups}


def test_an_empty_question_shows_the_pages_and_what_can_be_done(demo_with_flows):
    found = lines("ada", "")
    assert found["Go to"][:2] == ["Home", "Runs"]
    assert "Run Customer support…" in found["Do"]
    assert "Switch theme" in found["Do"]


def test_agents_tools_and_flows_are_found_by_parts_of_their_names(demo_with_flows):
    assert "Billing specialist" in lines("ben", "bil spec")["Go to"]
    assert lines("ben", "create-ref")["Go to"] == ["Refund a charge"]


def test_what_waits_for_this_person_comes_first(demo):
    Approval.objects.create(
        project=demo,
        kind="approval",
        run_id=1,
        node="check",
        title="Refund $129.00",
        reviewers=["role:reviewer"],
        fingerprint="f",
        requested_at=clock.now(),
    )
    assert lines("rita", "refund")["Waiting for you"] == ["Refund $129.00"]
    assert "Waiting for you" not in lines("ben", "refund")


def test_a_run_is_reached_by_its_identifier(demo):
    run = store_run(demo, User.objects.get(username="ada"), clock.now())
    assert lines("ben", run.public_id)["Runs"] == [run.public_id]


def test_commands_alone_after_the_sign(demo_with_flows):
    assert list(lines("ada", "> run")) == ["Do"]
    assert "Run Customer support…" in lines("ada", "> support")["Do"]


def test_readers_are_offered_no_run(demo_with_flows):
    assert not [label for label in lines("ben", "")["Do"] if label.startswith("Run ")]


def test_nothing_found_is_said(demo):
    answer = fragment(signed_in("ben"), f"{PALETTE}?q=<b>zzz")
    assert "Nothing is called “&lt;b&gt;zzz” here." in answer.content.decode()


def test_without_script_it_is_a_page_with_a_search_field(demo_with_flows):
    page = signed_in("ben").get(f"{PALETTE}?q=billing").content.decode()
    assert 'type="search" name="q" value="billing"' in page
    assert 'href="/projects/demo/agents/billing-specialist/"' in page


@pytest.mark.parametrize("asked", ["%00", "a" * 5000, "%25_", "> ", "><script>"])
def test_no_question_breaks_it(demo, asked):
    assert fragment(signed_in("ben"), f"{PALETTE}?q={asked}").status_code == 200
