"""The starter flows publish as they are, each alone and all together, with nothing to complain about."""

import pytest

from flows import gallery
from governance import documents, people
from governance.models import Project
from governance.schemas import instance_problems
from governance.secrets import names

FLOWS = gallery.starters()
pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return people.create_project("ours", "Ours", None)


def problems(project: Project, applied: list[documents.Applied]) -> list:
    bodies = [
        (made.kind, documents.content(documents.find(project, made.kind, made.slug))) for made in applied
    ]
    return [problem for kind, body in bodies for problem in documents.problems_of(project, kind, body)]


def test_the_demo_begins_with_three_of_them(project: Project):
    applied = documents.apply(project, gallery.texts(gallery.AT_FIRST), None)
    assert [made.slug for made in applied if made.kind == "flow"] == [
        "content-pipeline",
        "customer-support",
        "invoice-processing",
    ]


def test_all_of_them_publish_without_an_error_or_a_warning(project: Project):
    applied = documents.apply(project, gallery.texts(FLOWS), None)
    assert problems(project, applied) == []
    assert len({made.slug for made in applied if made.kind == "flow"}) >= len(FLOWS)


@pytest.mark.parametrize("flow", FLOWS)
def test_each_of_them_publishes_alone(project: Project, flow: str):
    applied = documents.apply(project, gallery.texts([flow]), None)
    assert problems(project, applied) == []
    assert [made.slug for made in applied if made.kind == "flow"] == [flow]


@pytest.mark.parametrize("flow", FLOWS)
def test_the_files_of_a_starter_apply_as_they_lie_there(project: Project, flow: str):
    files = (gallery.FOLDER / flow).rglob("*.yaml")
    applied = documents.apply(project, {str(file): file.read_text("utf-8") for file in files}, None)
    assert problems(project, applied) == []


@pytest.mark.parametrize("flow", FLOWS)
def test_each_has_three_samples_or_more_that_fit_its_input(project: Project, flow: str):
    documents.apply(project, gallery.texts([flow]), None)
    schema = documents.content(documents.find(project, "flow", flow))["input_schema"]
    samples = gallery.samples(flow)
    assert len(samples) >= 3
    assert [instance_problems(schema, sample) for sample in samples.values()] == [[]] * len(samples)


def test_they_come_by_level():
    levels = [gallery.starter(slug).level for slug in FLOWS]
    assert levels == sorted(levels)
    assert set(levels) <= set(gallery.LEVELS)


@pytest.mark.parametrize("flow", FLOWS)
def test_each_says_what_it_teaches_and_which_way_every_sample_takes(flow: str):
    starter = gallery.starter(flow)
    assert len(starter.teaches) > 40
    assert starter.shows.keys() == starter.samples.keys()
    assert all(len(said) > 20 for said in starter.shows.values())


def test_each_script_plays_its_own_agents_and_no_others():
    """So that a project's simulated provider can learn one starter after the other."""
    owners: dict[str, str] = {}
    for flow in FLOWS:
        starter = gallery.starter(flow)
        agents = {agent["slug"] for agent in starter.agents}
        assert {entry["when"]["agent"] for entry in starter.provider["script"]} <= agents
        assert [agent for agent in agents if owners.setdefault(agent, flow) != flow] == []


def test_their_providers_differ_in_what_they_play_alone():
    heads = [
        {field: value for field, value in gallery.starter(flow).provider.items() if field != "script"}
        for flow in FLOWS
    ]
    assert heads == heads[:1] * len(heads)


def test_a_real_provider_in_the_same_place_is_all_that_changes(project: Project):
    applied = documents.apply(project, gallery.texts(), None)
    hosted = {
        "kind": "provider",
        "slug": "simulated",
        "type": "openai",
        "api_key": "sk-test",
        "prices": {"small": {"unpriced": True}, "large": {"unpriced": True}},
    }
    documents.create_and_publish(project, "provider", "simulated", hosted, None)
    assert problems(project, applied) == []
    assert names(project) == ["provider-simulated"]
