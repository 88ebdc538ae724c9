"""Texts made to be slow: what a detector costs grows with the text alone, whatever stands in it."""

import time

import pytest

from governance.detection import find
from governance.detection.detectors import DETECTORS

SIZE, MOST_S = 10_000, 0.25  # six times what the slowest takes, and a quarter of what the old patterns took
REPEATED = [
    "pwd=", "pwd= ", "token: pwd=A-",
    "key= ", "password=", 'password="', "keykeykey=", "key=a-", "key=`", "key=A(", "pass is ", "token => ", "key=&",
    "key=&a", "key=/a", "key=aaa.", "mot de passe=", 'token=b"abcdefgh', "password=aaaa-aaaa-aaaa ", "token a.",
    "eyJaaaaaaaa.eyJ", "a.eyJ", "4111 ", "4111", "1\n    ", "4111 1111 1111 1111 ", "+49 30 901820 ", "(+1", "1.1.1.1 ",
    "fe80::1 ", "ab:cd:", "::", "a@b.", "@a.b", "a@b.c ", "!@", "DE89 ", "AA11\n    ", "aa11 ", "aws ", "secret_key=",
    "aws" + "A" * 39 + " ", "http://a:b", "abcdefghijklmnopqrstu://", "sk-ant-", "AC" + "0" * 32 + "'" + "a" * 70,
    "219099999 ssn ", "nhs 943 476 5919 ", "steuer 36574261809 ", "phone: 030 901820 ", "version 1.1.1.1 ", "lib",
    "order-no.:::: 4111111111111111 ", "<EMAIL_ADDRESS_1>", "\u200b", "İ", "-----BEGIN ",
    "a", "0", " ", "-", "_", "\\n",
]  # fmt: skip
PEM = [
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\\nMII", "-----BEGIN PRIVATE KEY-----" + " " * 39,
    "-----BEGIN AA AA AA", "-----END PRIVATE KEY-----",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def imported():
    find("warm@example.com 10.0.0.1 219-09-9999 +49 30 901820 1BoatSLRHtKNngkdXEeobR76b53LETtpyT AB123456C")


def slow(text: str) -> list[str]:
    """The detectors that take too long for it."""
    return [type(one).__name__ for one in DETECTORS if seconds(one, text) > MOST_S]


def seconds(detector, text: str) -> float:
    began = time.process_time()
    for _ in detector.find(text):
        pass
    return time.process_time() - began


@pytest.mark.parametrize("fragment", REPEATED)
def test_a_fragment_said_over_and_over_is_read_in_time(fragment):
    assert slow((fragment * SIZE)[:SIZE]) == []


@pytest.mark.parametrize("fragment", PEM)
def test_headers_of_keys_over_and_over_are_read_in_time(fragment):
    assert slow((fragment * 60_000)[:60_000]) == []


def test_three_hundred_thousand_hostile_characters_take_a_second_or_two():
    text = "password=" * 33_400
    began = time.process_time()
    find(text)
    assert time.process_time() - began < 2


def test_a_password_is_found_behind_any_number_of_names():
    for text in (
        "token: secret: pwd: kX9vv2Lq!m",
        "pass is " * 50 + "kX9vv2Lq!m",
    ):
        (one,) = find(text)
        assert (one.entity, text[one.start : one.end]) == ("PASSWORD", "kX9vv2Lq!m")


def test_a_private_key_is_found_to_its_own_end_behind_torn_headers():
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"
    text = "-----BEGIN PRIVATE KEY-----§ and " * 3 + key + " and more"
    (one,) = find(text)
    assert (one.entity, text[one.start : one.end]) == ("PRIVATE_KEY", key)


def test_a_torn_private_key_is_found_as_far_as_it_goes():
    text = (
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 2 + "\n§ the rest is lost"
    )
    (one,) = find(text)
    assert (one.entity, text[one.start : one.end]) == ("PRIVATE_KEY", text.partition("\n§")[0])
