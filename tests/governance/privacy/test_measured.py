"""The labelled set: large enough, and read well enough."""

import pytest

from governance.detection import measuring


@pytest.fixture(scope="module")
def scores():
    return measuring.measure(measuring.items())[0]


def test_there_are_at_least_three_hundred_items_and_a_third_has_nothing_in_it():
    items = list(measuring.items())
    assert len(items) >= 300
    assert sum(not item.labels for item in items) >= 100


@pytest.mark.parametrize(
    "entity",
    ["EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "IP_ADDRESS", "secrets"],
)
def test_f1_is_at_least_095(scores, entity):
    assert scores[entity].labels >= 20
    assert scores[entity].f1 >= 0.95


def test_a_label_is_read_with_its_place():
    item = measuring.parse("To ⟦EMAIL_ADDRESS|a@b.de⟧ and ⟦US_SSN|219-09-9999⟧.")
    assert item.text == "To a@b.de and 219-09-9999."
    assert item.labels == {("EMAIL_ADDRESS", 3, 9), ("US_SSN", 14, 25)}


def test_scores_are_counted_as_they_should(tmp_path):
    path = tmp_path / "items.txt"
    path.write_text(
        "# mine\n⟦EMAIL_ADDRESS|a@b.de⟧\n⟦EMAIL_ADDRESS|no mail⟧\n203.0.113.9\n", encoding="utf-8"
    )
    scores, misses = measuring.measure(measuring.items(path))
    assert scores["EMAIL_ADDRESS"] == measuring.Score(labels=2, right=1, said=1)
    assert scores["EMAIL_ADDRESS"].precision == 1.0
    assert scores["EMAIL_ADDRESS"].recall == 0.5
    assert scores["IP_ADDRESS"] == measuring.Score(labels=0, right=0, said=1)
    assert [miss.text for miss in misses] == ["no mail", "203.0.113.9"]
