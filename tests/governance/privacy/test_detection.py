"""Finding: what is found where, what is left alone, and that offsets lead back to what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.detection import ENTITIES, Finding, find, resolved
from governance.detection.detectors import DETECTORS


def found(text: str, key: str = "") -> list[tuple[str, str]]:
    return [(one.entity, text[one.start : one.end]) for one in find(text, key=key)]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("Write to ann@shop.example today", "EMAIL_ADDRESS", "ann@shop.example"),
        ("login=bob@example.com&x=1", "EMAIL_ADDRESS", "bob@example.com"),
        ("Tel. 030 901820, werktags", "PHONE_NUMBER", "030 901820"),
        ("call +1 650 253 0000 now", "PHONE_NUMBER", "+1 650 253 0000"),
        ("Visa 4111 1111 1111 1111, 04/29", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("Visa 4111 1111\n1111 1111", "CREDIT_CARD", "4111 1111\n1111 1111"),
        ("Visa ４１１１１１１１１１１１１１１１.", "CREDIT_CARD", "４１１１１１１１１１１１１１１１"),
        ("Visa 4111\u200b1111\u200b1111\u200b1111.", "CREDIT_CARD", "4111\u200b1111\u200b1111\u200b1111"),
        ("an DE89 3704 0044 0532 0130 00 bis Mai", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("SSN 219-09-9999", "US_SSN", "219-09-9999"),
        ("from 203.0.113.9:443", "IP_ADDRESS", "203.0.113.9"),
        ("at 2001:db8::1.", "IP_ADDRESS", "2001:db8::1"),
        ("Steuer-ID 36574261809", "DE_TAX_ID", "36574261809"),
        ("amqp://bob:pw9x7kk2@mq/v", "AUTHORIZATION", "bob:pw9x7kk2"),
        ("password: Tr0ub4dor&3", "PASSWORD", "Tr0ub4dor&3"),
        ("AKIA" + "IOSFODNN7QWERTYU is out", "AWS_KEY", "AKIA" + "IOSFODNN7QWERTYU"),
    ],
)
def test_it_is_found_exactly_where_it_stands(text, entity, value):
    assert found(text) == [(entity, value)]


@pytest.mark.parametrize(
    "text",
    [
        "Order 4155552671", "IMEI 356938035643809", "version 10.0.0.1", "ISBN 978-3-16-148410-0", "2024-03-15 10:30:00",
        "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "666-45-6789", "a::b::c", "react@18.2.0",
        "password: ********", "max_tokens=4096", "Bearer of bad news", "9f8e7d6c-1234-4abc-a123-0123456789ab",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_left_alone(text):
    assert found(text) == []


def test_two_cards_in_a_row_are_two_findings():
    text = "4111 1111 1111 1111 5555 5555 5555 4444"
    assert found(text) == [("CREDIT_CARD", "4111 1111 1111 1111"), ("CREDIT_CARD", "5555 5555 5555 4444")]


def test_the_key_in_json_tells_what_a_value_is():
    assert found("kX9vv2Lq!m") == []
    assert found("kX9vv2Lq!m", key="db_password") == [("PASSWORD", "kX9vv2Lq!m")]
    assert found("219099999", key="ssn") == [("US_SSN", "219099999")]


def test_only_what_was_asked_for_is_found():
    text = "ann@shop.example, 203.0.113.9"
    assert [one.entity for one in find(text, {"IP_ADDRESS"})] == ["IP_ADDRESS"]


def test_of_two_that_overlap_the_surer_one_stays():
    sure, long, apart = Finding("A", 2, 6, 0.9), Finding("B", 0, 9, 0.5), Finding("C", 9, 12, 0.5)
    assert resolved([long, apart, sure]) == (sure, apart)
    assert resolved([Finding("A", 0, 3, 0.3)]) == ()


@given(st.text(max_size=300))
def test_offsets_are_in_order_and_within_any_text(text):
    at = 0
    for one in find(text):
        assert at <= one.start < one.end <= len(text)
        at = one.end


@given(st.text(alphabet="4111 -\n@.:aDE89<>_/+=", max_size=400))
def test_texts_of_awkward_characters_are_survived(text):
    assert all(0 <= one.start < one.end <= len(text) for one in find(text))


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)
def test_every_detector_knows_only_entities_of_the_catalogue(detector):
    assert detector.entities
    assert set(detector.entities) <= ENTITIES.keys()
    assert list(detector.find("")) == []


def test_every_entity_without_a_model_has_a_detector():
    able = {entity for detector in DETECTORS for entity in detector.entities}
    assert able == {name for name, entity in ENTITIES.items() if entity.family != "model"}
