"""Drafts, versions, activations, as-of, checks, secrets, schemas."""

import pytest

from tests.runs.api.conftest import AGENT, FLOW, PROVIDER

pytestmark = pytest.mark.both_databases


def test_a_draft_is_saved_and_published(ada, ben):
    made = ada.put("projects/demo/providers/house/", PROVIDER)
    assert (made.status_code, made.json()["problems"]) == (201, [])
    assert made.json()["active"] is None
    assert ada.put("projects/demo/providers/house/", PROVIDER).status_code == 200
    version = ada.post("projects/demo/providers/house/versions/")
    assert version.status_code == 201
    assert version.json()["document"] == PROVIDER
    assert (version.json()["version"], version.json()["active"]) == (1, True)
    assert version.json()["created_by"] == "ada"
    shown = ben.get("projects/demo/providers/house/").json()
    assert (shown["active"], shown["document"], shown["draft"]) == (1, PROVIDER, PROVIDER)


def test_the_same_text_makes_no_new_version(ada, published):
    again = ada.post("projects/demo/agents/writer/versions/", AGENT)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    other = ada.post("projects/demo/agents/writer/versions/?activate=false", AGENT | {"purpose": "Other."})
    assert (other.status_code, other.json()["version"], other.json()["active"]) == (201, 2, False)
    listed = ada.get("projects/demo/agents/writer/versions/").json()["results"]
    assert [(row["version"], row["active"]) for row in listed] == [(2, False), (1, True)]


def test_a_version_is_activated_and_as_of_tells_since_when(ada, published):
    before = ada.get("projects/demo/agents/writer/").json()["updated_at"]
    ada.post("projects/demo/agents/writer/versions/?activate=false", AGENT | {"purpose": "Other."})
    made = ada.post("projects/demo/agents/writer/activations/", {"version": 2})
    assert (made.status_code, made.json()["version"], made.json()["by"]) == (201, 2, "ada")
    assert ada.get("projects/demo/agents/writer/as-of/?at=2099-01-01T00:00:00Z").json()["version"] == 2
    assert ada.get("projects/demo/agents/writer/as-of/?at=2000-01-01T00:00:00Z").status_code == 404
    assert ada.get(f"projects/demo/agents/writer/as-of/?at={before}").status_code in (200, 404)
    assert ada.get("projects/demo/agents/writer/as-of/").json()["errors"][0]["parameter"] == "at"
    assert ada.post("projects/demo/agents/writer/activations/", {"version": 9}).status_code == 422
    assert ada.get("projects/demo/agents/writer/versions/9/").status_code == 404
    assert ada.get("projects/demo/agents/writer/versions/2/").json()["document"]["purpose"] == "Other."


def test_a_draft_with_a_dead_reference_is_saved_and_not_published(ada):
    saved = ada.put("projects/demo/agents/writer/", AGENT)
    assert saved.status_code == 201
    errors = [problem for problem in saved.json()["problems"] if problem["severity"] == "error"]
    assert [problem["pointer"] for problem in errors] == ["/model"]
    refused = ada.post("projects/demo/agents/writer/versions/")
    assert refused.status_code == 422
    assert "/model" in [error["pointer"] for error in refused.json()["errors"]]
    assert refused.json()["detail"].startswith("/model: There is no provider 'house'")


def test_a_draft_that_does_not_fit_the_schema_is_refused(ada):
    answer = ada.put("projects/demo/agents/writer/", AGENT | {"colour": "red"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/colour")
    assert ada.get("projects/demo/agents/writer/").status_code == 404


def test_every_save_counts_one_revision(ada, ben):
    assert ada.put("projects/demo/providers/house/", PROVIDER).json()["revision"] == 1
    assert ada.put("projects/demo/providers/house/", PROVIDER).json()["revision"] == 2
    ada.post("projects/demo/providers/house/versions/")
    assert ben.get("projects/demo/providers/house/").json()["revision"] == 2
    assert ben.get("projects/demo/providers/").json()["results"][0]["revision"] == 2


@pytest.mark.parametrize(
    ("node", "detail"),
    [
        (
            {"id": "reply", "type": "agent", "config": {"agent": "nobody", "text": "x"}},
            "/nodes/1/config/agent (node reply): There is no agent nobody with an active version",
        ),
        (
            {"id": "reply", "type": "agent", "colour": 1},
            "/nodes/1/colour (node reply): Unknown field 'colour'",
        ),
    ],
)
def test_what_is_wrong_with_a_flow_names_the_node_beside_its_place(ada, published, node, detail):
    flow = FLOW | {"nodes": [FLOW["nodes"][0], node, FLOW["nodes"][2]]}
    refused = ada.post("projects/demo/flows/support/versions/", flow)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith(detail)
    assert refused.json()["errors"][0]["nodes"] == ["reply"]


def test_what_an_active_flow_uses_is_not_archived(ada, published):
    assert ada.delete("projects/demo/agents/writer/").status_code == 409
    assert ada.delete("projects/demo/flows/support/").status_code == 204
    assert ada.delete("projects/demo/agents/writer/").status_code == 204
    assert ada.get("projects/demo/agents/").json()["results"] == []
    assert ada.get("projects/demo/agents/writer/").status_code == 404


def test_documents_come_in_pages(ada, project):
    for number in range(3):
        ada.put(f"projects/demo/providers/p{number}/", PROVIDER | {"slug": f"p{number}"})
    path, seen = "projects/demo/providers/?limit=2", []
    while path:
        page = ada.get(path).json()
        seen += [row["slug"] for row in page["results"]]
        path = page["next"]
    assert seen == ["p2", "p1", "p0"]


def test_a_flow_is_checked_without_being_saved(ada, published):
    fine = ada.post("projects/demo/flows/support/check/", FLOW).json()
    assert fine["problems"] == []
    assert fine["cost"]["expected_usd"] > 0
    broken = FLOW | {"edges": FLOW["edges"][:1]}
    found = ada.post("projects/demo/flows/new/check/", broken | {"slug": "new"}).json()["problems"]
    assert any("done" in problem["nodes"] for problem in found)
    assert ada.get("projects/demo/flows/new/").status_code == 404
    assert ada.post("projects/demo/flows/new/check/").status_code == 404
    assert ada.post("projects/demo/flows/support/check/").json()["problems"] == []
    unfit = ada.post("projects/demo/flows/support/check/", {"nodes": 7}).json()
    assert (unfit["cost"]["worst_usd"], bool(unfit["problems"])) == (None, True)


def test_a_secret_never_comes_back(ada, ben):
    assert ada.put("projects/demo/secrets/api-key/", {"value": "s3cr3t-value"}).status_code == 201
    assert ada.put("projects/demo/secrets/api-key/", {"value": "s3cr3t-other"}).status_code == 200
    listed = ben.get("projects/demo/secrets/")
    assert [row["name"] for row in listed.json()["results"]] == ["api-key"]
    body = PROVIDER | {"api_key": "sk-very-secret"}
    saved = ada.put("projects/demo/providers/house/", body)
    assert saved.json()["draft"]["secret"] == "provider-house"
    everything = [
        ada.get(path).content.decode()
        for path in ("projects/demo/secrets/", "projects/demo/providers/", "projects/demo/audit/")
    ]
    assert not any("s3cr3t" in text or "sk-very" in text for text in [*everything, saved.content.decode()])
    assert ada.delete("projects/demo/secrets/api-key/").status_code == 204
    assert ada.delete("projects/demo/secrets/api-key/").status_code == 404


@pytest.mark.parametrize("kind", ["agent", "tool", "flow", "provider"])
def test_each_kind_publishes_its_schema(ben, kind):
    schema = ben.get(f"schemas/{kind}/").json()
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert ben.get(f"schemas/{kind}s/").status_code == 404
    assert kind in [row["kind"] for row in ben.get("schemas/").json()["kinds"]]
