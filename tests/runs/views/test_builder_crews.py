"""The forms of a supervisor and of a team: who can be chosen, and which fields make sense with what is set."""

import json
import re

import pytest

from governance import documents
from governance.models import Document
from runs.inspection import Offered
from runs.views.builder import crew_fields
from tests.flows.drawings import flow, line, node
from tests.runs.views.crews import agent
from tests.runs.views.people import fragment, signed_in

BASE = "/projects/demo/flows/drawn/"
TEAM = node(
    "t", "team", {"participants": ["pro", "user:rita"], "protocol": "debate", "text": "x"}, name="Board"
)
LEAD = node("s", "supervisor", {"agent": "pro", "workers": ["skeptic"], "text": "x"})
BODY = flow(
    [node("start", "start"), TEAM, LEAD, node("done", "end")],
    ["start -> t", "t -> s", "t:no_consensus -> s", "s -> done"],
    name="Drawn",
)
SENT = {"node/name": "Board", "config/participants": ["skeptic", "pro"], "config/text": "x"}


@pytest.fixture
def drawn(demo) -> Document:
    provider = {"kind": "provider", "slug": "simulated", "type": "scripted", "script": [{"say": "x"}]}
    documents.create_and_publish(demo, "provider", "simulated", provider, None)
    for slug in ("pro", "skeptic"):
        documents.create_and_publish(demo, "agent", slug, agent(slug, []), None)
    child = line() | {"slug": "child", "name": "Child"}
    documents.create_and_publish(demo, "flow", "child", child, None)
    return documents.save_draft(demo, "flow", "drawn", BODY, None)[0]


def config(number: int) -> dict:
    return documents.draft(Document.objects.get(slug="drawn"))["nodes"][number]["config"]


def form(item: str) -> str:
    return fragment(signed_in("ada"), f"{BASE}nodes/{item}/?tab=settings").content.decode()


def drawn_fields(page: str) -> set[str]:
    return {name.split("/")[1] for name in re.findall(r'name="((?:config|reference)/[a-z_]+)', page)}


def post(item: str, **data) -> None:
    sent = {name.replace("__", "/"): value for name, value in data.items()}
    assert signed_in("ada").post(f"{BASE}nodes/{item}/?tab=settings", sent).status_code == 302


def test_agents_flows_and_people_can_be_chosen_as_workers(drawn):
    page = form("s")
    offered = re.findall(r'name="config/workers" value="([^"]+)"', page)
    assert offered[0] == "skeptic"
    assert {"pro", "flow:child", "role:reviewer", "user:ada"} <= set(offered)
    assert re.search(r'name="config/workers" value="skeptic" checked', page)


def test_the_order_of_participants_is_the_one_they_were_chosen_in(drawn):
    post("t", **SENT, config__protocol="debate")
    assert config(1)["participants"] == ["skeptic", "pro"]


@pytest.mark.parametrize(
    ("protocol", "shown", "hidden"),
    [
        ("vote", {"options", "weights", "quorum"}, {"max_turns", "stop_when", "moderator"}),
        ("debate", {"options", "weights", "max_turns", "stop_when"}, {"quorum", "moderator"}),
        ("moderated", {"moderator", "max_turns"}, {"weights", "quorum", "options"}),
        ("swarm", {"max_turns"}, {"decide", "weights", "moderator", "judge"}),
    ],
)
def test_the_protocol_decides_which_fields_are_drawn(drawn, protocol, shown, hidden):
    post("t", **SENT, config__protocol=protocol)
    fields = drawn_fields(form("t"))
    assert shown <= fields
    assert not hidden & fields


def test_what_is_set_is_drawn_though_nothing_reads_it(drawn):
    post("t", **SENT, config__protocol="debate", config__max_turns="9")
    post("t", **SENT, config__protocol="vote", config__max_turns="9")
    assert config(1)["max_turns"] == 9
    assert "max_turns" in drawn_fields(form("t"))


def test_each_participant_of_a_vote_has_a_weight_of_its_own(drawn):
    post("t", **SENT, config__protocol="vote")
    page = form("t")
    assert 'name="config/weights/skeptic"' in page
    assert "config/weights~more" not in page
    post("t", **SENT, config__protocol="vote", **{"config/weights/skeptic": "2.5"})
    assert config(1)["weights"] == {"skeptic": 2.5}


def test_weights_are_labelled_with_the_names_of_who_votes():
    offered = {"agent": [Offered("skeptic", "The skeptic", 2), Offered("plain", "", 1)]}
    config = {"participants": ["skeptic@2", "plain", "user:rita"]}
    drawn = crew_fields.weights({"type": "object"}, config, offered)["properties"]
    assert {key: field["title"] for key, field in drawn.items()} == {
        "skeptic@2": "The skeptic (skeptic)",
        "plain": "plain",
        "user:rita": "rita",
    }


def test_a_judge_is_chosen_like_an_agent_and_may_be_pinned(drawn):
    post("t", **SENT, config__protocol="debate", config__decide="judge")
    assert 'name="reference/judge"' in form("t")
    post("t", **SENT, config__protocol="debate", config__decide="judge", reference__judge="pro")
    assert config(1)["judge"] == "pro"
    sent = {"reference/judge": "pro", "reference/judge/of": "pro", "reference/judge/version": "1"}
    post("t", **SENT, config__protocol="debate", config__decide="judge", **sent)
    assert config(1)["judge"] == "pro@1"


def test_stop_when_is_completed_with_the_names_of_a_talk(drawn):
    data = {"source": "last.po", "kind": "condition", "at": "7"}
    answer = signed_in("ada").post(f"{BASE}expressions/?node=t", data)
    assert [offer["label"] for offer in json.loads(answer.content)["complete"]] == ["position"]


def test_the_members_stand_on_the_card_and_what_they_cost_in_the_estimate(drawn):
    page = signed_in("ada").get(f"{BASE}?panel=cost").content.decode()
    card = page[page.index('data-node-id="t"') :]
    assert re.findall(r"<span>(pro|rita)</span>", card[: card.index("</article>")]) == ["pro", "rita"]
    assert "at most 12 messages" in card
    costs = page[page.index('id="costs"') :]
    assert "debate of 2" in costs


def test_who_is_chosen_stands_first_in_the_order_of_their_turns():
    choices = [("ann", "Ann"), ("bob", "Bob"), ("cy", "Cy")]
    assert [name for name, _ in crew_fields.chosen_first(choices, ["cy", {}, "ann"])] == ["cy", "ann", "bob"]
    assert crew_fields.chosen_first(choices, None) == choices


@pytest.mark.parametrize(
    ("touched", "told", "left"),
    [
        (None, ["Choose one.", "Fill this in."], "Supervisor, Prompt"),
        ("", [], ""),
        ("reference/agent,node/name", ["Choose one."], "Supervisor"),
        ("config/workers", ["Fill this in."], "Supervisor"),
    ],
)
def test_a_form_is_quiet_about_fields_in_which_nobody_has_been(drawn, demo, touched, told, left):
    bare = {**BODY, "nodes": [*BODY["nodes"][:2], node("s", "supervisor", {}), BODY["nodes"][3]]}
    documents.keep_working_draft(demo, "flow", "drawn", bare, None, drawn.revision)
    headers = {"HX-Request": "true", **({} if touched is None else {"Baton-Touched": touched})}
    page = signed_in("ada").get(f"{BASE}nodes/s/?tab=settings", headers=headers).content.decode()
    assert re.findall(r"<span>(Choose one\.|Fill this in\.)</span>", page) == told
    tabs = re.findall(r">(\w+) <span class=\"count count--bad\">", page)
    assert ", ".join(tabs) == left
    assert ("data-untold" in page) == (touched is not None)
    assert "to fill in" not in page if touched is None else "to fill in" in page


def test_nobody_says_what_a_team_without_members_costs_and_takes(drawn, demo):
    lone = node("t", "team", {"protocol": "debate", "text": "x"}, name="Board")
    bare = {**BODY, "nodes": [BODY["nodes"][0], lone, *BODY["nodes"][2:]]}
    documents.keep_working_draft(demo, "flow", "drawn", bare, None, drawn.revision)
    ada = signed_in("ada")
    pill = fragment(ada, f"{BASE}estimate/?part=pill").content.decode()
    assert "Cost and time unknown until <b>Board</b> is set up" in pill
    panel = fragment(ada, f"{BASE}estimate/").content.decode()
    assert re.findall(r"<td [^>]*>(unknown[^<]*)</td>", panel) == [
        "unknown until it is set up",
        "unknown as yet",
    ]
    assert "Nothing bounds the time" not in panel
