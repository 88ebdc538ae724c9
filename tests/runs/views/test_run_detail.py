"""The detail of a step, tab by tab: what the model saw, what was called, tried, allowed, chosen and paid."""

import json
import re

import pytest

from governance import clock, documents
from runs.models import Event, Step
from runs.views.run import reasons
from runs.views.run.drawing import Drawing
from runs.views.run.spending import holds_of
from tests.runs.views.journals import replay
from tests.runs.views.people import fragment, signed_in
from tests.runs.views.test_run_page import ada, address, state_of, text_of


@pytest.fixture
def project(demo_with_flows):
    return demo_with_flows


@pytest.fixture
def run(project):
    return replay(project, ada(project), "refund-waiting")


def tab(run, step: str, name: str) -> str:
    return text_of(fragment(signed_in("ada"), address(run, f"steps/{step}/?tab={name}")))


def test_messages_are_exactly_what_the_model_saw(run):
    said = tab(run, "billing/1", "messages")
    assert "Call 1 simulated/large simulated" in said
    assert "226 in, 45 out" in said
    assert "user I was charged twice for order 1042: ch_9001 and ch_9002." in said
    assert 'lookup-charge({"charge":"ch_9002"})' in said
    assert "Call 2" in said
    assert "2 messages as before" in said
    assert "tool call_1_1" in said
    assert '"tracking":"TRK-550142"' in said
    system = documents.content(documents.find(run.project, "agent", "billing-specialist"))["instructions"]
    assert " ".join(system.split())[:200] in said


def test_tools_show_arguments_and_results(run):
    said = tab(run, "billing/1", "tools")
    assert "lookup-order" in said
    assert "Arguments {} 1 order : 1042" in said
    assert "Result {} 2 status : 200" in said


def test_attempts_name_what_failed_and_how_long_the_next_one_waited(project):
    said = tab(replay(project, ada(project), "fault-retried"), "technical/1", "attempts")
    assert re.search(
        r"Attempt 1 .* Failed simulated/small answered 503, as its script says\. provider_error "
        r"The next one waited 0\.5s\. Attempt 2 .* Succeeded",
        said,
    )


def test_policy_decisions_come_in_order_with_their_reasons(run):
    said = tab(run, "billing/1", "policy")
    assert said.count("Allowed model.call No policy speaks against it.") == 2
    assert (
        "Asks a person tool.call What the tool 'create-refund' does cannot be undone: a person decides."
        in said
    )
    assert "Asked May create-refund be called? role:reviewer" in said


def test_why_shows_every_candidate_with_its_score_and_the_cut_off(run):
    answer = fragment(signed_in("ada"), address(run, "steps/classify/1/"))
    said = text_of(answer)
    assert "Why billing score 0 to 1, cut-off 0.6 The customer asks about a payment." in said
    assert (
        "billing 0.94 technical 0.05 0.05 is below the threshold 0.6 sales 0 the agent did not name it"
        in said
    )
    page = answer.content.decode()
    assert re.findall(r'<rect width="([\d.]+)%"', page) == ["94.0", "5.0", "0.0"]
    assert page.count('class="meter__tick" x="60.0%"') == 3


def test_cost_lists_every_call_and_apart_from_them_what_budgets_held(run):
    said = tab(run, "classify/1", "cost")
    assert "simulated/small simulated 158 / 34 $0.000044" in said
    assert said.endswith("For Held Charged simulated/small $0.00039 $0.000044 Fork from here")


def test_a_call_that_a_budget_refused_is_told_with_the_reason():
    lines = [
        ("budget.reserved", {"call": "a", "amount_usd": 0.5}),
        ("model.called", {"call": "a", "model": "house/small", "cost_usd": 0.1}),
        ("budget.settled", {"call": "a", "cost_usd": 0.1}),
        ("budget.reserved", {"call": "b", "amount_usd": 0.25}),
        ("budget.exceeded", {"call": "c", "amount_usd": 1, "reason": "the day's limit is reached"}),
    ]
    assert holds_of(lines) == [
        {"call": "a", "name": "house/small", "held": 0.5, "charged": 0.1},
        {"call": "b", "name": "b", "held": 0.25, "charged": None},
        {"call": "c", "name": "c", "held": 1, "refused": "the day's limit is reached"},
    ]


def test_raw_holds_the_lines_as_they_are(run):
    said = tab(run, "classify/1", "raw")
    assert "6 step.started" in said
    assert "13 step.finished" in said
    assert "confidence : 0.94" in said


def test_findings_of_personal_data_are_listed(run):
    assert "Nothing personal was found" in tab(run, "billing/1", "pii")
    Event.objects.filter(run=run, seq=19).update(
        type="privacy.found",
        data='{"call":"billing.1/a1","where":"model_input","entities":["EMAIL_ADDRESS"],"action":"tokenize",'
        '"counts":{"EMAIL_ADDRESS":2}}',
    )
    said = tab(run, "billing/1", "pii")
    assert "EMAIL_ADDRESS × 2 in what goes to the model billing.1/a1 Tokenized" in said


def test_a_tab_that_is_not_there_falls_back_to_the_first(run):
    page = fragment(signed_in("ada"), address(run, "steps/start/1/?tab=nonsense")).content.decode()
    assert re.search(r'id="run-tab-data"[^>]*aria-selected="true"', page)


def test_what_is_deep_or_long_is_bounded(run):
    deep = (
        '{"status":"succeeded","port":"out","ports":["out"],"output":' + '{"a":' * 60 + "1" + "}" * 60 + "}"
    )
    Event.objects.filter(run=run, seq=5).update(data=deep)
    said = tab(run, "start/1", "data")
    assert "1 more" in said
    many = '{"status":"succeeded","output":[' + ",".join(["7"] * 20_000) + "]}"
    Event.objects.filter(run=run, seq=5).update(data=many)
    answer = fragment(signed_in("ada"), address(run, "steps/start/1/?tab=data"))
    assert "[] 20000" in text_of(answer)
    assert len(answer.content) < 300_000
    wordy = '{"status":"succeeded","output":"' + "word " * 100_000 + '"}'
    Event.objects.filter(run=run, seq=5).update(data=wordy)
    assert len(fragment(signed_in("ada"), address(run, "steps/start/1/?tab=data")).content) < 120_000


def test_an_agent_that_works_shows_how_much_of_its_sla_has_passed(run):
    assert "SLA" not in text_of(fragment(signed_in("ada"), address(run, "steps/billing/1/")))
    started = Step.objects.get(run=run, node="billing").started_at
    Step.objects.filter(run=run, node="billing").update(status="running", started_at=clock.now() - 4_200_000)
    Event.objects.filter(run=run, node="billing", type="step.retrying").delete()
    page = fragment(signed_in("ada"), address(run, "steps/billing/1/"))
    assert re.search(r"SLA 4\.\d+s of 20\.0s", text_of(page))
    assert 'data-sla="20"' in page.content.decode()
    Step.objects.filter(run=run, node="billing").update(status="succeeded", started_at=started)
    assert "SLA" not in text_of(fragment(signed_in("ada"), address(run, "steps/billing/1/")))


def test_a_step_in_its_second_attempt_says_since_when(project):
    run = replay(project, ada(project), "fault-retried")
    Step.objects.filter(run=run, node="technical").update(status="running", finished_at=None)
    rows = state_of(signed_in("ada").get(address(run)))["rows"]
    tried = {row["node"]: row["tried"] for row in rows if "tried" in row}
    failed = Event.objects.get(run=run, node="technical", type="step.retrying")
    waited = json.loads(failed.data)["after_s"]
    assert 0.5 <= waited < 0.7
    assert tried == {"technical": (failed.at + round(waited * 1_000_000)) // 1000}


def test_an_agent_that_was_stopped_shows_what_it_called(run):
    calls = [
        {
            "agent": "billing-specialist",
            "tool": "lookup-order",
            "arguments": {"order": 7},
            "output": "<b>x</b>",
        },
        {
            "agent": "gone",
            "tool": "<i>pay</i>",
            "arguments": {},
            "error": {"code": "denied", "message": "No."},
        },
        "no call at all",
    ]
    assert "What was done so far" not in text_of(fragment(signed_in("ada"), address(run, "steps/start/1/")))
    for made in (calls, calls * 40):
        ended = {"status": "failed", "error": {"code": "c", "message": "m"}, "partial": {"calls": made}}
        Event.objects.filter(run=run, seq=5).update(data=json.dumps(ended))
        answer = fragment(signed_in("ada"), address(run, "steps/start/1/"))
        said, page = text_of(answer), answer.content.decode()
        assert (
            "What was done so far lookup-order Billing specialist Succeeded Arguments {} 1 order : 7 Result"
            in said
        )
        assert "&lt;b&gt;x&lt;/b&gt;" in page
        assert "&lt;i&gt;pay&lt;/i&gt;" in page
        assert "<b>x" not in page
        assert "gone Failed Arguments {} Result No." in said
    assert "20 more calls are in the journal." in said


def test_two_versions_side_by_side_each_have_their_own_name_and_promise(project):
    old = documents.content(documents.find(project, "agent", "billing-specialist"))
    new = {**old, "name": "Refund desk", "sla": {"latency_s": 3}}
    version, _ = documents.create_and_publish(project, "agent", "billing-specialist", new, ada(project))
    pins = {"agents/billing-specialist": version.number, "agents/billing-specialist@1": 1}
    drawing = Drawing({}, replay(project, ada(project), "refund-waiting", pins=json.dumps(pins)))
    named = ["billing-specialist", "billing-specialist@1", f"billing-specialist@{version.number}"]
    assert [drawing.called(name) for name in named] == ["Refund desk", "Billing specialist", "Refund desk"]
    assert [drawing.player(name) for name in named[1:]] == ["Billing specialist v1", "Refund desk v2"]
    assert [drawing.sla_s(name) for name in named] == [3, 20, 3]
    assert drawing.cast() == {
        "billing-specialist": {"name": "Refund desk", "sla": 3},
        "billing-specialist@1": {"name": "Billing specialist", "sla": 20},
    }


@pytest.mark.parametrize(
    ("kind", "names", "shown"),
    [
        ("out_of_scope", ["billing-specialist"], ["Billing specialist"]),
        (
            "fallback",
            ["vertex/claude-3@20240620", "vertex/claude-3@20250101", "support-router@1"],
            ["vertex/claude-3@20240620", "vertex/claude-3@20250101", "Support router"],
        ),
    ],
)
def test_candidates_are_called_by_their_names_and_models_by_all_of_theirs(run, kind, names, shown):
    made = {"kind": kind, "candidates": [{"name": name} for name in names], "chosen": names[:1]}
    found = reasons.choice(Event(), made, Drawing({}, run), "billing")
    assert [one.name for one in found.candidates] == shown
    assert found.chosen == (shown[0],)


def test_a_step_names_who_plays_it_and_how_documents_call_that(run):
    said = text_of(fragment(signed_in("ada"), address(run, "steps/classify/1/")))
    assert said.startswith("Which specialist? Support router v1 support-router , simulated/small simulated ")
    assert "This choice is 2% of what the run cost so far." in said


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("messages", 18),
        ("data", 19),
        ("tools", 17),
        ("attempts", 17),
        ("policy", 17),
        ("pii", 17),
        ("cost", 17),
        ("raw", 17),
    ],
)
def test_each_tab_asks_a_fixed_number_of_questions(run, name, queries, django_assert_num_queries):
    client = signed_in("ada")
    with django_assert_num_queries(queries):
        assert fragment(client, address(run, f"steps/billing/1/?tab={name}")).status_code == 200
