"""Privacy documents: what holds where, and what is wrong with one."""

import pytest

from governance import privacy_documents
from governance.detection import ENTITIES
from governance.documents.bodies import body_problems
from governance.documents.kinds import Kind
from governance.privacy import Ruleset, rulesets
from governance.privacy.rulesets import Rulesets

KIND = Kind(
    "privacy",
    "privacy",
    privacy_documents.SCHEMA,
    privacy_documents.problems,
    lambda body: [],
    lambda body: [],
)


def document(*rules: tuple[list[str], list[str], str]) -> dict:
    said = [{"entities": entities, "where": where, "action": action} for entities, where, action in rules]
    return {"kind": "privacy", "slug": "default", "rules": said}


def messages(body: dict) -> list[tuple[str, str, str]]:
    found = privacy_documents.problems(body, None)
    return [(problem.pointer, problem.severity, problem.message) for problem in found]


def test_a_rule_holds_where_it_says_and_nowhere_else():
    rules = Ruleset.parse(document((["EMAIL_ADDRESS"], ["model_input"], "mask")), 3)
    assert rules.name == "default@3"
    assert rules.action("model_input", "EMAIL_ADDRESS") == "mask"
    assert rules.action("model_output", "EMAIL_ADDRESS") == "allow"
    assert rules.speaks_of("model_input")
    assert not rules.speaks_of("model_output")


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        ("mask", "tokenize", "tokenize"),
        ("block", "approve", "block"),
        ("allow", "flag", "flag"),
        ("tokenize", "approve", "approve"),
    ],
)
def test_of_two_rules_the_strictest_holds(one, other, holds):
    both = document((["US_SSN"], ["run_input"], one), (["US_SSN"], ["run_input"], other))
    assert Ruleset.parse(both).action("run_input", "US_SSN") == holds


def test_contradicting_rules_are_told_with_what_holds():
    both = document((["US_SSN"], ["run_input"], "mask"), (["US_SSN"], ["run_input", "log"], "block"))
    ((pointer, severity, message),) = messages(both)
    assert (pointer, severity) == ("/rules/1/action", "warning")
    assert (
        "Rule 1 says mask and rule 2 says block for US_SSN in run_input: the strictest holds, block."
        in message
    )


def test_an_unknown_entity_is_refused_with_the_one_that_was_meant():
    ((pointer, severity, message),) = messages(document((["EMAIL_ADRESS"], ["log"], "mask")))
    assert (pointer, severity) == ("/rules/0/entities/0", "error")
    assert message == "There is no entity EMAIL_ADRESS: did you mean EMAIL_ADDRESS?"


def test_an_entity_that_needs_a_model_is_told_to_find_nothing():
    ((_, severity, message),) = messages(document((["PERSON"], ["log"], "mask")))
    assert severity == "warning"
    assert "BATON_SPACY_MODEL" in message


def test_the_slug_of_the_scan_address_is_reserved():
    body = {**document((["US_SSN"], ["log"], "mask")), "slug": "scan"}
    assert messages(body)[0][0] == "/slug"


def test_the_example_of_the_contract_fits_the_schema():
    where = ["model_input", "model_output", "tool_input", "tool_output", "run_input", "run_output"]
    body = document((["EMAIL_ADDRESS", "CREDIT_CARD"], where, "tokenize"))
    assert body_problems(KIND, "default", body) == []
    assert messages(body) == []


def test_rules_that_are_named_but_not_active_block_everything():
    active = Rulesets(default=Ruleset.parse(document((["US_SSN"], ["log"], "flag"))))
    assert active.chosen().action("log", "US_SSN") == "flag"
    assert active.chosen("strict").action("model_input", "EMAIL_ADDRESS") == "block"
    assert Rulesets().chosen() is None


def test_where_only_an_agent_names_rules_look_alikes_are_escaped_everywhere():
    others = Rulesets(strict=Ruleset.parse(document((["US_SSN"], ["model_input"], "tokenize")))).chosen()
    assert others is not None
    assert not others.speaks_of("run_input")


def test_rules_that_could_not_be_read_block_everything():
    away = rulesets._unreadable(None)
    assert all(away.chosen().action("model_input", entity) == "block" for entity in ENTITIES)
