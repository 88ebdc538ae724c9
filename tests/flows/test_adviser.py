"""Owns the tests of the adviser: every way to answer the five questions, and which pattern comes of it."""

from collections import Counter
from itertools import product

import pytest

from flows import gallery
from flows.adviser import QUESTIONS, advise, answers_of
from flows.patterns import COSTS, GRADES, PATTERNS, shown_by

NAMES = [question.name for question in QUESTIONS]
ALL = [
    dict(zip(NAMES, names, strict=True))
    for names in product(*([option.name for option in question.options] for question in QUESTIONS))
]


def answered(words: str) -> dict[str, str]:
    return dict(zip(NAMES, words.split(), strict=True))


def advised(answers) -> str:
    return advise(answers).pattern.name


def test_there_are_five_questions_and_192_ways_to_answer_them():
    assert NAMES == ["work", "order", "depend", "agree", "pace"]
    assert len(ALL) == 192


def test_every_answer_gives_one_pattern_with_a_reason_and_a_runner_up_that_its_answers_lead_to():
    for answers in ALL:
        advice = advise(answers)
        assert advice.reason.endswith(".")
        assert advice.runner_up.pattern.name != advice.pattern.name
        other = answers | {question.name: option.name for question, option in advice.runner_up.answers}
        assert advised(other) == advice.runner_up.pattern.name


def test_every_pattern_is_reached():
    assert dict(Counter(advised(answers) for answers in ALL)) == {
        "single": 104,
        "team": 32,
        "controller": 20,
        "map": 12,
        "supervisor": 6,
        "router": 6,
        "handoff": 6,
        "pipeline": 3,
        "parallel": 3,
    }
    assert {advised(answers) for answers in ALL} == set(PATTERNS)


EXPECTED = {
    "alike known apart nobody many": "single",
    "alike known apart person many": "single",
    "alike open chain nobody few": "single",
    "alike known apart checker many": "controller",
    "kinds known apart nobody many": "router",
    "kinds known apart checker many": "router",
    "kinds open apart nobody many": "handoff",
    "kinds known apart nobody few": "single",
    "kinds known apart nobody instant": "single",
    "items known apart nobody many": "map",
    "parts known chain nobody many": "pipeline",
    "parts known apart person many": "parallel",
    "parts open chain nobody many": "supervisor",
    "parts open apart nobody few": "single",
    "parts open apart checker few": "controller",
    "parts known chain views many": "team",
    "alike known apart views few": "team",
    "parts open chain views instant": "single",
}


@pytest.mark.parametrize(("words", "pattern"), EXPECTED.items())
def test_what_is_advised(words, pattern):
    assert advised(answered(words)) == pattern


def test_alike_rare_and_sub_second_work_needs_one_agent():
    """Unless it must be checked or weighed, which one agent cannot do for itself."""
    for answers in ALL:
        quiet = answers["agree"] in ("nobody", "person")
        if answers["pace"] == "instant" or (quiet and "few" in answers.values()):
            assert advised(answers) == "single"
        if quiet and answers["work"] == "alike":
            assert advised(answers) == "single"


def test_more_time_and_more_cases_never_lead_back_to_one_agent():
    for answers in ALL:
        names = [advised(answers | {"pace": pace}) for pace in ("instant", "few", "many")]
        alone = [name == "single" for name in names]
        assert alone == sorted(alone, reverse=True)


def test_asking_for_agreement_never_leads_back_to_one_agent():
    for answers in ALL:
        alone = [advised(answers | {"agree": agree}) == "single" for agree in ("nobody", "checker", "views")]
        assert alone == sorted(alone, reverse=True)


def test_a_person_changes_no_pattern_and_adds_an_approval():
    for answers in ALL:
        with_person = advise(answers | {"agree": "person"})
        assert with_person.pattern == advise(answers | {"agree": "nobody"}).pattern
        assert any("approval" in sentence for sentence in with_person.also)


def test_order_and_dependence_count_only_where_work_is_divided():
    for answers in ALL:
        if answers["work"] in ("alike", "items"):
            same = {
                advised(answers | {"order": order, "depend": depend})
                for order in ("known", "open")
                for depend in ("chain", "apart")
            }
            assert len(same) == 1


def test_what_would_change_the_advice_does_and_nothing_else_would():
    for answers in ALL:
        advice = advise(answers)
        told = {
            (question.name, option.name): change.pattern.name
            for change in advice.changes
            for question, option in change.answers
        }
        really = {
            (question.name, option.name): found
            for question in QUESTIONS
            for option in question.options
            if (found := advised(answers | {question.name: option.name})) != advice.pattern.name
        }
        assert told == really


def test_answers_that_pull_apart_are_told():
    assert advise(answered("alike known apart person instant")).conflicts == (
        "A person cannot answer within a second. Answer first and look afterwards, or give it time.",
    )
    assert advise(answered("alike known apart person many")).conflicts == ()


def test_one_agent_costs_least_and_every_grade_has_its_word():
    for respect in COSTS:
        grades = {name: getattr(pattern, respect).grade for name, pattern in PATTERNS.items()}
        assert set(grades.values()) <= {1, 2, 3, 4, 5}
        assert len(GRADES[respect]) == 5
        if respect != "flexibility":
            assert grades["single"] == min(grades.values()) == 1
    assert PATTERNS["supervisor"].flexibility.grade == 1


def test_what_is_not_an_answer_is_left_out():
    assert answers_of({"work": "kinds", "order": "sometimes", "pace": "", "q": "x"}) == {"work": "kinds"}


def test_the_gallery_shows_what_its_starters_are():
    shown = {slug: shown_by(gallery.starter(slug).flow) for slug in gallery.starters()}
    assert shown["customer-support"] >= {"router"}
    assert shown["content-pipeline"] >= {"pipeline", "controller"}
    assert shown["invoice-processing"] == {"single"}
    assert all(shown.values())
