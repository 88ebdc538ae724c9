"""The builder's page and its forms, as somebody without a script meets them; and as htmx asks for parts of it."""

import json
import re

import pytest

from governance import documents
from governance.documents import yaml_text
from governance.models import Document
from runs.models import Event, Run
from tests.flows.drawings import flow, node
from tests.runs.views.people import fragment, signed_in

BASE = "/projects/demo/flows/drawn/"
ROUTER = node("r", "condition", {"cases": [{"port": "big", "when": "input.n > 10"}]}, name="How large?")
INPUT = {
    "type": "object",
    "required": ["n"],
    "properties": {"n": {"type": "integer", "description": "A number"}},
}
BODY = flow(
    [
        node("start", "start"),
        ROUTER,
        node("t", "transform", {"output": {"twice": "= input.n * 2"}}),
        node("done", "end", {"output": "= steps.r.port"}),
    ],
    ["start -> r", "r:big -> t", "r:else -> done", "t -> done"],
    name="Drawn",
    input_schema=INPUT,
)


@pytest.fixture
def drawn(demo) -> Document:
    return documents.save_draft(demo, "flow", "drawn", BODY, None)[0]


def draft() -> dict:
    return documents.draft(Document.objects.get(slug="drawn"))


def text(answer) -> str:
    return answer.content.decode()


def htmx(client, address, data):
    return client.post(address, data, headers={"HX-Request": "true"})


def news(answer) -> dict:
    found = re.search(r'<script id="draft-change" type="application/json">(.*?)</script>', text(answer))
    return json.loads(found[1])


def test_an_author_gets_the_palette_and_forms(drawn):
    page = text(signed_in("ada").get(BASE + "?node=r"))
    assert 'data-mode="edit"' in page
    assert page.count("data-add-type=") == 15
    assert 'name="config/cases/0/when"' in page
    assert page.count("<h1") == 1


def test_a_reader_gets_the_page_without_anything_to_change(drawn):
    page = text(signed_in("ben").get(BASE + "?node=r"))
    assert 'data-mode="read"' in page
    assert "data-add-type=" not in page
    assert "data-operations-url" not in page
    assert "input.n &gt; 10" in page
    forms = re.findall(r'<form[^>]*action="(/projects/demo/flows/[^"]*)"', page)
    assert forms == []


@pytest.mark.parametrize("panel", ["problems", "cost", "test", "input"])
@pytest.mark.parametrize(("who", "status"), [("ada", 200), ("ben", 200), ("sam", 404)])
def test_every_panel_opens_without_a_script(drawn, panel, who, status):
    assert signed_in(who).get(f"{BASE}?panel={panel}").status_code == status


@pytest.mark.parametrize(
    "tab", ["settings", "prompt", "retry", "fallback", "connections", "note", "nonsense"]
)
@pytest.mark.parametrize("item", ["start", "r", "t", "done"])
def test_every_tab_of_every_node_opens(drawn, tab, item):
    ada = signed_in("ada")
    assert ada.get(f"{BASE}?node={item}&tab={tab}").status_code == 200
    assert 'id="inspector-node"' in text(fragment(ada, f"{BASE}nodes/{item}/?tab={tab}"))


def test_a_node_that_is_not_there_is_not_found(drawn):
    assert fragment(signed_in("ada"), BASE + "nodes/ghost/").status_code == 404


def test_a_form_is_kept_and_leads_back_to_its_node(drawn):
    answer = signed_in("ada").post(BASE + "nodes/r/?tab=note", {"node/note": "Why ten?"})
    assert (answer.status_code, answer["Location"]) == (302, BASE + "?node=r&tab=note")
    assert draft()["nodes"][1]["note"] == "Why ten?"


def test_an_unchanged_form_saves_nothing(drawn):
    before = Document.objects.get(slug="drawn").revision
    signed_in("ada").post(BASE + "nodes/start/?tab=note", {"node/note": ""})
    assert Document.objects.get(slug="drawn").revision == before


def test_edges_follow_a_case_that_is_called_otherwise(drawn):
    data = {"config/cases/0/port": "huge", "config/cases/0/when": "input.n > 10", "node/name": "How large?"}
    found = news(htmx(signed_in("ada"), BASE + "nodes/r/?tab=settings", data))
    assert draft()["edges"][1] == {"from": "r", "port": "huge", "to": "t"}
    assert [operation["op"] for operation in found["operations"]] == ["configure", "disconnect", "connect"]
    assert found["base"] == 1
    assert found["revision"] == 2
    assert found["inverse"][0]["op"] == "disconnect"
    assert 'data-ports="huge,else"' in found["cards"]["r"]


def test_what_does_not_fit_is_shown_with_its_error_and_kept(drawn):
    answer = htmx(
        signed_in("ada"), BASE + "nodes/t/?tab=settings", {"node/name": "T", "node/timeout_s": "soon"}
    )
    assert "soon" in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert draft()["nodes"][2]["timeout_s"] == "soon"
    again = text(fragment(signed_in("ada"), BASE + "nodes/t/?tab=settings"))
    assert "soon" in again


def test_a_wrong_expression_is_told_at_its_field(drawn):
    data = {"config/cases/0/port": "big", "config/cases/0/when": "input.n >", "node/name": "How large?"}
    answer = text(htmx(signed_in("ada"), BASE + "nodes/r/?tab=settings", data))
    assert "expected a value" in answer
    assert draft()["nodes"][1]["config"]["cases"][0]["when"] == "input.n >"


def test_connections_are_made_looped_and_removed_by_forms(drawn):
    ada, address = signed_in("ada"), BASE + "nodes/r/?tab=connections"
    ada.post(address, {"action": "connect", "port": "else", "target": "t"})
    assert {"from": "r", "port": "else", "to": "t"} in draft()["edges"]
    ada.post(address, {"action": "disconnect", "from": "r", "port": "else", "to": "t"})
    assert {"from": "r", "port": "else", "to": "t"} not in draft()["edges"]
    answer = htmx(ada, address, {"action": "connect", "port": "else", "target": ""})
    assert (answer.status_code, "Choose where the connection leads." in text(answer)) == (422, True)


def test_a_node_is_renamed_with_what_names_it(drawn):
    answer = signed_in("ada").post(BASE + "nodes/r/?tab=note", {"action": "rename", "id": "size"})
    assert answer["Location"] == BASE + "?node=size&tab=note"
    assert draft()["nodes"][3]["config"] == {"output": "= steps.size.port"}


def test_a_node_is_removed_by_its_form(drawn):
    answer = signed_in("ada").post(BASE + "nodes/t/", {"action": "remove"})
    assert answer["Location"] == BASE
    assert [item["id"] for item in draft()["nodes"]] == ["start", "r", "done"]


def test_a_form_on_an_older_draft_changes_nothing(drawn, demo):
    documents.save_draft(demo, "flow", "drawn", {**BODY, "name": "Other"}, None)
    answer = htmx(signed_in("ada"), BASE + "nodes/r/?tab=note", {"node/note": "x", "revision": "1"})
    assert answer.status_code == 409
    assert "was changed by somebody meanwhile" in text(answer)
    assert "note" not in draft()["nodes"][1]


def test_settings_of_the_flow_are_kept_right_or_wrong(drawn):
    ada = signed_in("ada")
    data = {"flow/name": "Renamed", "flow/input_schema~json": "{", "flow/limits/max_cost_usd": "0.5"}
    answer = htmx(ada, BASE + "settings/", data)
    assert draft()["name"] == "Renamed"
    assert draft()["limits"] == {"max_cost_usd": 0.5}
    assert "line 1" in text(answer).lower()


def test_a_fix_mends_its_problem(drawn, demo):
    broken = {**BODY, "edges": [edge for edge in BODY["edges"] if edge["from"] != "t"]}
    documents.save_draft(demo, "flow", "drawn", broken, None)
    ada = signed_in("ada")
    page = text(ada.get(BASE))
    assert "Connect it to the end" in page
    answer = ada.post(BASE + "fixes/", {"code": "dead_end", "pointer": "/nodes/2"})
    assert answer.status_code == 302
    assert {"from": "t", "to": "done"} in draft()["edges"]
    again = ada.post(BASE + "fixes/", {"code": "dead_end", "pointer": "/nodes/2"})
    assert again.status_code == 409


def test_an_expression_is_checked_and_completed_while_it_is_typed(drawn):
    ada, address = signed_in("ada"), BASE + "expressions/?node=done"
    found = ada.post(address, {"kind": "value", "source": "= steps.t.output.", "at": "17"}).json()
    assert [offer["label"] for offer in found["complete"]] == ["twice"]
    assert found["flaws"] == [{"reason": "expected a name, found the end", "position": 17}]
    found = ada.post(address, {"kind": "value", "source": "= ghost.x"}).json()
    assert found["flaws"][0]["position"] == 2
    found = ada.post(address, {"kind": "template", "source": "Hi {{ in", "at": "8"}).json()
    assert found["complete"] == [
        {"label": "input", "insert": "input", "from": 6, "to": 8, "detail": "object", "help": ""}
    ]
    assert ada.post(address, {"kind": "template", "source": "in", "at": "2"}).json()["complete"] == []
    free = ada.post(
        "/projects/demo/expressions/", {"kind": "template", "source": "{{ run.u", "at": "8"}
    ).json()
    assert [offer["label"] for offer in free["complete"]] == ["user"]


def test_the_draft_is_downloaded_as_it_would_be_exported(drawn):
    answer = signed_in("ben").get(BASE + "document/?format=yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="drawn.yaml"'
    assert text(answer) == yaml_text.dump(draft())
    assert json.loads(signed_in("ben").get(BASE + "document/?format=json").content) == BODY


def test_an_import_is_looked_at_before_it_takes_the_drafts_place(drawn):
    ada, address = signed_in("ada"), BASE + "document/"
    other = yaml_text.dump(
        {**flow([node("start", "start"), node("z", "wait", {})], ["start -> z"]), "slug": "other"}
    )
    seen = ada.post(address, {"document": other})
    assert seen.status_code == 200
    assert "3 problems would stop publishing" in text(seen) or "problems would stop publishing" in text(seen)
    assert draft() == BODY
    ada.post(address, {"document": other, "confirm": "yes"})
    assert [item["id"] for item in draft()["nodes"]] == ["start", "z"]
    assert draft()["slug"] == "drawn"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "a: [",
        "kind: agent\nslug: x",
        "- 1",
        "nodes: 1\nedges: []",
        "nodes: []\nedges: [{from: a, to: b}]",
    ],
)
def test_what_cannot_be_drawn_is_not_imported(drawn, wrong):
    answer = signed_in("ada").post(BASE + "document/", {"document": wrong, "confirm": "yes"})
    assert (answer.status_code, "Nothing was imported." in text(answer)) == (422, True)
    assert draft() == BODY


def test_a_test_run_is_of_the_draft_and_of_no_version(drawn):
    answer = signed_in("ada").post(BASE + "trials/", {"input/n": "12"})
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.public_id}/"
    assert (run.version, run.trigger, run.environment, run.flow) == (0, "test", "test", "drawn")
    created = json.loads(Event.objects.get(run=run, seq=1).data)
    assert created["document"] == BODY
    assert created["input"] == {"n": 12}
    assert not Document.objects.get(slug="drawn").versions.exists()
    shown = text(fragment(signed_in("ben"), f"{BASE}trials/{run.public_id}/"))
    assert 'data-poll="1"' in shown


def test_a_test_run_of_a_broken_draft_is_refused_with_what_is_wrong(drawn, demo):
    documents.save_draft(demo, "flow", "drawn", {**BODY, "edges": BODY["edges"][:1]}, None)
    answer = signed_in("ada").post(BASE + "trials/", {"input/n": "12"})
    assert answer.status_code == 422
    assert "No path leads from start to t" in text(answer)
    assert not Run.objects.exists()


def test_an_input_that_does_not_fit_is_shown_again(drawn):
    answer = signed_in("ada").post(BASE + "trials/", {"input/n": "many"})
    assert (answer.status_code, "many" in text(answer)) == (422, True)


def test_one_node_is_tried_with_what_it_reads(drawn):
    page = text(fragment(signed_in("ada"), BASE + "trials/?node=done"))
    assert 'name="input/steps/r' in page
    signed_in("ada").post(BASE + "trials/?node=t", {"input/input/n": "4"})
    created = json.loads(Event.objects.get(run=Run.objects.get(), seq=1).data)
    assert [item["id"] for item in created["document"]["nodes"]] == ["start", "t", "done"]


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_who_may_not_launch_starts_no_test_run(drawn, who, status):
    assert signed_in(who).post(BASE + "trials/", {"input/n": "1"}).status_code == status
