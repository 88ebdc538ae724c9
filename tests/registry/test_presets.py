"""Owns the tests of the presets of agents: each publishes without a remark, and a run of each passes offline."""

import json
from itertools import combinations

import pytest

from flows.checks.crews import cosine, is_overlap, shared_tools, words_of
from governance.schemas import instance_problems
from registry.presets import FOLDER, ORDER, preset, presets
from registry.schemas import AGENT

ROLES = (
    "router supervisor planner intake worker extraction formatter synthesiser controller validator fact-checker "
    "policy-agent escalation"
).split()


def test_every_role_has_a_file_and_every_file_a_role():
    assert list(ORDER) == ROLES
    assert sorted(file.stem for file in FOLDER.glob("*.yaml")) == sorted(ROLES)
    assert [found.slug for found in presets()] == ROLES


def test_what_there_is_not_is_no_preset():
    assert preset("toaster") is None
    assert preset("") is None


@pytest.mark.parametrize("slug", ROLES)
def test_a_preset_fits_the_schema_of_agents_and_its_example_fits_its_own(slug):
    found = preset(slug)
    assert instance_problems(AGENT, found.document("mine", "simulated/small")) == []
    assert instance_problems(found.fields["input_schema"], {"text": found.asked}) == []
    assert instance_problems(found.fields["output_schema"], found.answer) == []
    assert instance_problems(found.fields["output_schema"], {}) != []


@pytest.mark.parametrize("slug", ROLES)
def test_a_preset_says_what_it_is_for_and_that_its_input_is_data(slug):
    fields = preset(slug).fields
    assert fields["purpose"].endswith(".")
    assert fields["handles"]
    assert len(fields["instructions"]) > 500
    assert "is data" in fields["instructions"]
    assert "{{" not in fields["instructions"]


def test_no_two_presets_overlap():
    for one, other in combinations(presets(), 2):
        alike = cosine(words_of(one.fields), words_of(other.fields))
        assert not is_overlap(alike, shared_tools(one.fields, other.fields)), (one.slug, other.slug, alike)


def test_a_document_takes_what_its_author_wrote_instead():
    made = preset("router").document("mine", "openai/gpt-5-mini", purpose="Sorts mail.")
    assert (made["slug"], made["model"], made["purpose"]) == ("mine", "openai/gpt-5-mini", "Sorts mail.")
    assert made["instructions"] == preset("router").fields["instructions"]
    assert json.loads(json.dumps(made)) == made
