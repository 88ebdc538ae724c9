"""Using a starter: what is there is never changed, what is taken gets a number, and the copy runs as the original."""

import pytest

from flows import gallery
from flows.gallery import copying
from governance import documents, people
from governance.models import Document, Project, User, Version

pytestmark = pytest.mark.django_db
FLOWS = gallery.starters()


@pytest.fixture
def project() -> Project:
    return people.create_project("ours", "Ours", None)


@pytest.fixture
def ada(project: Project) -> User:
    return people.create_user("ada", None)


def fates(project: Project, starter: str = "customer-support") -> dict[str, str]:
    return {f"{p.kind}/{p.slug}": p.fate for p in copying.plan(project, gallery.starter(starter))}


def use(project: Project, ada: User, starter: str = "customer-support"):
    return copying.copy(project, gallery.starter(starter), ada)


def active(project: Project, kind: str, slug: str) -> dict:
    return documents.content(documents.find(project, kind, slug))


def problems(project: Project, pieces) -> list:
    bodies = [(piece.kind, active(project, piece.kind, piece.slug)) for piece in pieces]
    return [problem for kind, body in bodies for problem in documents.problems_of(project, kind, body)]


def test_an_unknown_starter_is_a_key_error():
    with pytest.raises(KeyError):
        gallery.starter("../customer-support")


@pytest.mark.parametrize("slug", FLOWS)
def test_in_an_empty_project_everything_is_new_under_its_own_name(project, ada, slug):
    flow, pieces = use(project, ada, slug)
    assert flow.slug == slug
    assert {piece.fate for piece in pieces} == {"new"}
    assert problems(project, pieces) == []


def test_a_second_time_only_the_flow_is_new(project, ada):
    use(project, ada)
    versions = Version.objects.count()
    flow, pieces = use(project, ada)
    assert (flow.slug, flow.name) == ("customer-support-2", "Customer support 2")
    assert [piece.slug for piece in pieces if piece.is_new] == ["customer-support-2"]
    assert Version.objects.count() == versions + 1
    assert use(project, ada)[0].slug == "customer-support-3"


def test_where_all_starters_are_their_common_provider_serves(project, ada):
    documents.apply(project, gallery.texts(), ada)
    assert [name for name, fate in fates(project).items() if fate != "same"] == ["flow/customer-support-2"]


def test_a_changed_tool_is_copied_under_a_number_and_named_so(project, ada):
    use(project, ada)
    changed = {**active(project, "tool", "lookup-charge"), "description": "Mine"}
    documents.create_and_publish(project, "tool", "lookup-charge", changed, ada)
    flow, pieces = use(project, ada)
    assert active(project, "tool", "lookup-charge")["description"] == "Mine"
    names = {f"{piece.kind}/{piece.original}": piece.slug for piece in pieces if piece.fate == "numbered"}
    assert names["tool/lookup-charge"] == "lookup-charge-2"
    assert names["agent/billing-specialist"] == "billing-specialist-2"
    billing = active(project, "agent", "billing-specialist-2")
    assert "lookup-charge-2" in billing["tools"] and "lookup-charge" not in billing["tools"]
    # The agents and the tool have other names now, and so they have in the script that plays them.
    script = active(project, "provider", billing["model"].partition("/")[0])["script"]
    calls = {(entry["when"]["agent"], call["tool"]) for entry in script for call in entry.get("calls", ())}
    assert ("billing-specialist-2", "lookup-charge-2") in calls
    assert ("billing-specialist-2", "lookup-charge") not in calls
    assert problems(project, pieces) == []


def test_the_flow_of_a_numbered_copy_names_its_own_agents(project, ada):
    use(project, ada)
    for slug in ("support-router", "billing-specialist"):
        changed = {**active(project, "agent", slug), "purpose": "Something else"}
        documents.create_and_publish(project, "agent", slug, changed, ada)
    flow, _ = use(project, ada)
    body = active(project, "flow", flow.slug)
    agents = [node["config"]["agent"] for node in body["nodes"] if "agent" in node.get("config", {})]
    assert "support-router-2" in agents and "billing-specialist-2" in agents
    assert not {"support-router", "billing-specialist"} & set(agents)


def test_somebody_elses_provider_of_that_name_is_left_alone(project, ada):
    other = {
        "kind": "provider",
        "slug": "simulated",
        "type": "scripted",
        "script": [{"say": "Mine"}],
        "prices": {"small": {"unpriced": True}},
    }
    documents.create_and_publish(project, "provider", "simulated", other, ada)
    _, pieces = use(project, ada)
    assert active(project, "provider", "simulated")["script"] == [{"say": "Mine"}]
    assert active(project, "agent", "support-router")["model"].startswith("simulated-2/")
    assert problems(project, pieces) == []


def test_the_simulated_provider_learns_one_starter_after_the_other(project, ada):
    use(project, ada, "customer-support")
    before = active(project, "provider", "simulated")["script"]
    assert fates(project, "content-pipeline")["provider/simulated"] == "grown"
    _, pieces = use(project, ada, "content-pipeline")
    assert {piece.slug for piece in pieces if piece.kind == "provider"} == {"simulated"}
    after = active(project, "provider", "simulated")["script"]
    assert after[-len(before) :] == before
    assert {entry["when"]["agent"] for entry in after[: -len(before)]} == {
        agent["slug"] for agent in gallery.starter("content-pipeline").agents
    }
    assert fates(project, "content-pipeline")["provider/simulated"] == "same"
    assert problems(project, pieces) == []


def test_what_somebody_made_of_an_agents_script_is_left_alone(project, ada):
    use(project, ada, "customer-support")
    provider = active(project, "provider", "simulated")
    mine = {"when": {"agent": "billing-specialist"}, "json": {"answer": "Mine"}}
    script = [entry for entry in provider["script"] if entry["when"]["agent"] != "billing-specialist"]
    documents.create_and_publish(
        project, "provider", "simulated", {**provider, "script": [*script, mine]}, ada
    )
    _, pieces = use(project, ada, "customer-support")
    assert active(project, "provider", "simulated")["script"] == [*script, mine]
    assert {piece.slug for piece in pieces if piece.kind == "provider"} == {"simulated-2"}
    assert problems(project, pieces) == []


def test_a_real_provider_in_that_place_is_used(project, ada):
    hosted = {"kind": "provider", "slug": "simulated", "type": "openai", "api_key": "sk-test"}
    documents.create_and_publish(project, "provider", "simulated", hosted, ada)
    assert fates(project)["provider/simulated"] == "same"


def test_a_numbered_supervisor_asks_numbered_workers(project, ada):
    """Workers, what the script says in its calls, and the lead's own provider follow the new names."""
    use(project, ada)
    changed = {**active(project, "agent", "billing-specialist"), "purpose": "Something else"}
    documents.create_and_publish(project, "agent", "billing-specialist", changed, ada)
    flow, pieces = use(project, ada)
    (lead,) = [
        node["config"] for node in active(project, "flow", flow.slug)["nodes"] if node["type"] == "supervisor"
    ]
    assert "billing-specialist-2" in lead["workers"] and "billing-specialist" not in lead["workers"]
    provider = active(project, "agent", lead["agent"])["model"].partition("/")[0]
    asked = {
        call["arguments"]["agent"]
        for entry in active(project, "provider", provider)["script"]
        if entry["when"]["agent"] == lead["agent"]
        for call in entry.get("calls", ())
        if call["tool"] == "delegate"
    }
    assert "billing-specialist-2" in asked
    assert asked <= set(lead["workers"])
    assert problems(project, pieces) == []


def test_archived_documents_keep_their_names(project, ada):
    flow, _ = use(project, ada)
    documents.archive(flow, ada)
    documents.archive(documents.load(project, "tool", "create-refund"), ada)
    flow, pieces = use(project, ada)
    assert flow.slug == "customer-support-2"
    assert "create-refund-2" in {piece.slug for piece in pieces}
    assert Document.objects.get(slug="create-refund").archived_at is not None
    assert problems(project, pieces) == []


def test_the_shared_starter_is_not_changed_by_copies(project, ada):
    before = gallery.starter("customer-support").flow["slug"]
    use(project, ada)
    use(project, ada)
    assert gallery.starter("customer-support").flow["slug"] == before == "customer-support"
    assert gallery.starter("customer-support").flow["name"] == "Customer support"
