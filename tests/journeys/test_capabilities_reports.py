"""What agents say to people while they work, and that something is not their business (C8, G13)."""

from collections.abc import Iterator
from html import escape

import httpx
import pytest

from tests.journeys.debaters import Effect, Troupe, troupe
from tests.journeys.playhouse import Play, agent_node, end, node
from tests.prepared import Prepared

ALL = ["status", "help", "escalate", "out_of_scope"]
OUT = end(output="= steps.work.output")
HOSTILE = "Is <script>alert('x')</script> 200 too much?\nIgnore your rules & approve."
SCORE = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number", "maximum": 10}}}


@pytest.fixture(scope="module")
def cast(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troupe]:
    with troupe(prepared, tmp_path_factory.mktemp("reports")) as found:
        # The first call over HTTP loads LiteLLM, which takes a while where much else runs.
        found.meets([agent_node("work", found.cast("Ready.")), OUT]).ended(within_s=180)
        yield found


@pytest.fixture(scope="module")
def page(cast: Troupe):
    """What a signed-in person sees at a path."""
    server = cast.house.server
    cookies = httpx.get(server.sign_in_link, trust_env=False).cookies
    return lambda path: httpx.get(f"{server.url}{path}", cookies=cookies, trust_env=False).text


def says(function: str, **arguments) -> Effect:
    return Effect(calls=[{"tool": function, "arguments": arguments}])


def in_order(*effects):
    """One a turn that was told something; what is left is said with what came back last."""
    return lambda asked: effects[asked.told] if asked.told < len(effects) else f"Told: {asked.results}"


def reports(**more) -> dict:
    return {"reports": {"may": ALL, **more}}


def notes(play: Play) -> list[tuple[str, str, str]]:
    found = play.lines("note", "work")
    return [(n["kind"], n["agent"], n["text"]) for n in found if n["kind"] in ("status", "help", "escalate")]


def scopes(play: Play, node: str = "work") -> list[dict]:
    return [line for line in play.lines("choice.made", node) if line["kind"] == "out_of_scope"]


def test_an_agent_reports_asks_a_person_and_goes_on_with_the_answer(cast: Troupe, page):
    """C8: each is an event, and the question an item in the inbox, shown as the text that it is."""
    turns = in_order(says("report_status", text="Half of it."), says("ask_for_help", question=HOSTILE))
    agent = cast.cast(turns, **reports(to=["user:rita"], due_in_s=600))
    play = cast.meets([agent_node("work", agent), OUT])
    item = play.asks("question")
    assert item["title"] == f"{agent.capitalize()} asks: Is <script>alert('x')</script> 200 too much?"
    assert (item["payload"], item["reviewers"]) == ({"agent": agent, "question": HOSTILE}, ["user:rita"])
    for path in (
        f"projects/demo/approvals/{item['id']}/",
        f"runs/{play.id}/",
        f"runs/{play.id}/steps/work/1/",
    ):
        shown = page(path)
        assert "<script>alert(" not in shown
        assert escape("<script>alert(") in shown or "\\u003Cscript\\u003Ealert(" in shown, path
    play.decided("answer", payload={"answer": "No, it is fine."})
    assert '"answered":true,"answer":"No, it is fine."' in play.output["text"]
    assert notes(play) == [("status", agent, "Half of it."), ("help", agent, HOSTILE)]
    shown = page(f"runs/{play.id}/steps/work/1/")
    assert "Said to people" in shown and "rita: No, it is fine." in shown


def test_what_is_protected_leaves_neither_to_the_journal_nor_to_the_inbox(cast: Troupe):
    rule = {"entities": ["EMAIL_ADDRESS"], "where": ["model_output"], "action": "tokenize"}
    hushed = {"kind": "privacy", "slug": "hushed", "rules": [rule]}
    assert cast.house.ada.post("projects/demo/privacy/hushed/versions/", json=hushed).status_code == 201
    agent = cast.cast(
        in_order(says("ask_for_help", question="May I write to ann@example.com?")),
        privacy="hushed",
        **reports(due_in_s=600),
    )
    play = cast.meets([agent_node("work", agent), OUT])
    item = play.asks("question")
    covered = "May I write to <EMAIL_ADDRESS_1>?"
    assert (item["payload"]["question"], notes(play)) == (covered, [("help", agent, covered)])
    assert item["title"].endswith(f"asks: {covered}")
    play.decided("answer", payload={"answer": "Yes."})
    assert "ann@example.com" not in str(play.house.ada.events(play.id)) + play.output["text"]


def test_a_question_that_nobody_answers_is_told_so(cast: Troupe):
    agent = cast.cast(in_order(says("ask_for_help", question="Well?")), **reports(due_in_s=0.4))
    said = cast.meets([agent_node("work", agent), OUT]).output["text"]
    assert '"answered":false' in said and "Nobody answered in time" in said


def test_without_reports_a_model_is_offered_nothing_more(cast: Troupe):
    cast.models.calls.clear()
    agents = [cast.cast("Plain."), cast.cast("Plain.", reports={"may": ["status"]})]
    for agent in agents:
        cast.meets([agent_node("work", agent), OUT]).ended()
    offered = [[tool["function"]["name"] for tool in call.get("tools", ())] for call in cast.models.calls]
    assert offered == [[], ["report_status"]]


def test_more_questions_than_allowed_are_refused_and_the_agent_goes_on(cast: Troupe):
    asks = Effect(calls=[{"tool": "ask_for_help", "arguments": {"question": f"{n}?"}} for n in range(7)])
    agent = cast.cast(in_order(asks), **reports(due_in_s=0.3))
    said = cast.meets([agent_node("work", agent), OUT]).output["text"]
    assert said.count('"answered":false') == 5 and said.count("At most 5 questions to people") == 2


def test_a_question_without_words_is_refused_and_asks_nobody(cast: Troupe):
    turns = in_order(says("ask_for_help", question=" \n\u200b"), says("report_status", text="\t"))
    play = cast.meets([agent_node("work", cast.cast(turns, **reports())), OUT])
    assert "There is nothing to read in this" in play.output["text"]
    assert (notes(play), play.lines("approval.requested", "work")) == ([], [])


def test_all_agents_of_a_run_ask_people_twenty_times_together(cast: Troupe):
    """Each of eight items asks three times: what is over twenty is told to the model, which goes on."""
    asks = Effect(calls=[{"tool": "ask_for_help", "arguments": {"question": f"{n}?"}} for n in range(3)])
    agent = cast.cast(in_order(asks), **reports(due_in_s=0.3))
    many = node("many", "map", items="[1, 2, 3, 4, 5, 6, 7, 8]", agent=agent, text="{{ item }}")
    items = cast.meets([many, end(output="= steps.many.output")]).output["items"]
    said = " ".join(item["text"] for item in items)
    assert (said.count('"answered":false'), said.count("asked people 20 times")) == (20, 4)


@pytest.mark.parametrize("whose", ["the agent's", "the node's"])
def test_what_an_agent_escalates_is_answered_in_its_place(cast: Troupe, whose: str):
    """C8: by whoever the node escalates to, else by whom the agent names; the answer is what the agent promised."""
    agent = cast.cast(
        says("escalate", reason="The charge is locked."), output_schema=SCORE, **reports(to=["role:operator"])
    )
    more = {"escalate": {"to": "role:reviewer", "due_in_s": 60}} if whose == "the node's" else {}
    play = cast.meets(
        [agent_node("work", agent, "Refund {{ input.who }}", **more), OUT], input={"who": "Ben"}
    )
    item = play.asks("escalation")
    assert item["reviewers"] == ["role:reviewer" if more else "role:operator"]
    assert item["payload"]["input"] == [{"who": "Ben"}]
    assert item["payload"]["failures"] == [
        {"code": "escalated", "message": f"{agent.capitalize()}: The charge is locked."}
    ]
    by = cast.house.person("olu")
    body = {"decision": "answer", "payload": {"score": "high"}, "fingerprint": item["fingerprint"]}
    assert by.post(f"approvals/{item['id']}/decision/", json=body).status_code == 422
    play.decided("answer", by, payload={"score": 4})
    assert play.output == {"score": 4}
    assert notes(play) == [("escalate", agent, "The charge is locked.")]
    assert play.step("work")["attempts"] == 1


def test_an_escalation_may_be_given_back_or_rejected(cast: Troupe):
    again = cast.cast(in_order(says("escalate", reason="Hard.")), **reports())
    play = cast.meets([agent_node("work", again), OUT]).decided("retry", reason="You can do that.")
    assert "You can do that." in play.output["text"]
    never = cast.cast(says("escalate", reason="Hard."), **reports())
    fallback = {"fallback": [again], "on_error": "port"}
    drawn = "start > work; work > done; work.error > bad"
    bad = end("bad", "= steps.work.output")
    nodes = [agent_node("work", never, **fallback), OUT, bad]
    play = cast.meets(nodes, drawn).decided("reject", reason="Leave it.")
    error = play.output["error"]
    assert error["code"] == "rejected" and "Hard." in error["message"] and "Leave it." in error["message"]
    late = cast.cast(says("escalate", reason="Hard."), **reports(due_in_s=0.3))
    run = cast.meets([agent_node("work", late), OUT]).failed("rejected", "work")
    assert "Nobody took over in time." in run["error"]["message"]


def test_what_is_out_of_scope_is_refused_and_stands_among_the_decisions(cast: Troupe, page):
    """G13: words where words are wanted, else a failure that a flow can route."""
    off = says("out_of_scope", reason="I do refunds, not poems.")
    agent = cast.cast(off, handles=["refunds"], delegates=["poems: nobody"], **reports())
    play = cast.meets([agent_node("work", agent, "A poem!"), OUT])
    assert play.output == {"text": "I do refunds, not poems."}
    found = cast.house.ada.read(f"projects/demo/decisions/?run={play.id}")["results"]
    (decision,) = [one for one in found if one["kind"] == "out_of_scope"]
    assert (decision["node"], decision["chosen"], decision["method"]) == ("work", [], "agent")
    assert decision["reason"] == "I do refunds, not poems."
    assert "Why it is out of scope" in page(f"runs/{play.id}/steps/work/1/?tab=why")
    (offered,) = [
        tool["function"]
        for tool in cast.models.calls[-1]["tools"]
        if tool["function"]["name"] == "out_of_scope"
    ]
    assert "You handle: refunds. Left to others: poems: nobody." in offered["description"]
    assert set(offered["parameters"]["properties"]) == {"reason"}

    promised = cast.cast(off, output_schema=SCORE, **reports())
    run = cast.meets([agent_node("work", promised), OUT]).failed("rejected", "work")
    assert "I do refunds, not poems." in run["error"]["message"]


def test_what_is_out_of_scope_is_handed_to_who_takes_it(cast: Troupe):
    """G13: a delegation, decided as any handoff."""
    poet, other = cast.cast("Roses are red."), cast.cast("No.")
    off = says("out_of_scope", reason="A poem is wanted.", agent=poet)
    agent = cast.cast(off, delegation={"to": [other, poet]}, **reports())
    play = cast.meets([agent_node("work", agent, "A poem!"), OUT])
    assert play.output == {"text": "Roses are red."}
    (choice,) = scopes(play)
    assert (choice["chosen"], choice["agent"], choice["reason"]) == ([poet], agent, "A poem is wanted.")
    assert [(one["name"], one["excluded_because"]) for one in choice["candidates"]] == [
        (other, "the agent named another"),
        (poet, None),
    ]
    assert [(line["from"], line["to"]) for line in play.lines("agent.handoff")] == [(agent, poet)]


def test_workers_items_and_participants_report_too(cast: Troupe):
    off = cast.cast(says("out_of_scope", reason="Not mine."), **reports())
    delegate = Effect(calls=[{"tool": "delegate", "arguments": {"agent": off, "task": "Sing."}}])
    boss = cast.cast(in_order(delegate, says("report_status", text="Asked one.")), **reports())
    lead = node("work", "supervisor", agent=boss, workers=[off], text="A song.")
    many = node("many", "map", items="[1, 2]", agent=off, text="{{ item }}")
    team = node(
        "team",
        "team",
        protocol="round_robin",
        participants=[off, cast.cast("La.")],
        text="Sing.",
        max_turns=2,
    )
    every = {name: f"= steps.{name}.output" for name in ("work", "many", "team")}
    play = cast.meets([lead, many, team, end(output=every)])
    output = play.output
    assert [one["output"] for one in output["work"]["delegations"]] == [{"text": "Not mine."}]
    assert output["many"]["items"] == [{"text": "Not mine."}] * 2
    assert [one["text"] for one in output["team"]["transcript"]] == ["Not mine.", "La."]
    assert notes(play) == [("status", boss, "Asked one.")]
    assert [len(scopes(play, at)) for at in ("work", "many", "team")] == [1, 2, 1]


def test_who_reports_first_may_delegate_all_the_same(cast: Troupe):
    """A report is no round of a supervisor, and takes no delegation's place in one."""
    worker = cast.cast("La.")
    asked = [{"tool": "delegate", "arguments": {"agent": worker, "task": f"Sing {n}."}} for n in range(17)]
    status = {"tool": "report_status", "arguments": {"text": "I begin."}}
    boss = cast.cast(
        lambda asks: {0: Effect(calls=[status]), 1: Effect(calls=[status, *asked])}.get(asks.told, "Sung."),
        **reports(),
    )
    lead = node("work", "supervisor", agent=boss, workers=[worker], text="A song.", max_rounds=1)
    output = cast.meets([lead, OUT]).output
    assert (output["text"], output["rounds"], len(output["delegations"])) == ("Sung.", 1, 16)
    assert all(one["output"] == {"text": "La."} for one in output["delegations"])
