"""Phone numbers: Google's numbering plans (phonenumbers) decide; without a + the way they are written counts too."""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from governance.detection import context
from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(
    r"(?<![\w@#$€£%*&+.,/-])(?:(?<!\d[ :=])(?:00)?|(?=\(?\+))\(?\+?\(?\d(?:[ ().\-/]{0,2}\d){6,16}"
    r"(?![\w@%])(?![.,:/-]\d)"
)
NANP = re.compile(r"(?:\+?1[-. ]?)?(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d([-. ]))[2-9]\d\d[-. ]\d{4}")
NATIONAL = re.compile(r"\(?0\d{1,5}\)?(?:[ /-]{1,3}\d{2,8}){1,5}|\(?0\d(?:\.\d\d){4}")
ZIP = re.compile(r"\d{5}-\d{4}")
DATE = re.compile(
    r"(?:\d{1,2}[-./]){2}(?:19|20)?\d\d\b|(?:\d{1,2} ){2}(?:19|20)\d\d\b|"
    r"(?:19|20)\d\d[-./ ]?\d\d[-./ ]?\d\d(?!\d*[-. ]\d{4}\b)"
)
WORDS = context.words(
    "phones?", "telephone", "tel", "tél", "telefon", "telefono", "teléfono", "téléphone", "call(?:ed|ing)?", "callback",
    "mobile", "mobil", "cell", "cellphone", "fax", "handy", "móvil", "whatsapp", "sms", "dial", "hotline", "ring",
    "rufnummer", "durchwahl", "phone_?number", "msisdn", "contact number",
    "reach (?:me|us|him|her|them)", "text me",
    "rufen sie", "anrufen", "erreichbar", "appelez",
    "appeler", "llámame",
    "llamar", "llame", "chiamami", "cellulare", "portable", "bel mij", "ligue",
)  # fmt: skip
REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "CH", "AT", "BE", "IN", "AU", "BR", "JP", "PL", "SE")


class PhoneDetector(Detector):
    entities = ("PHONE_NUMBER",)

    def find(self, text: str) -> Iterator[Finding]:
        score = lru_cache(maxsize=1024)(
            self._score
        )  # of equal numbers in a text the plans are asked about one
        for match in CANDIDATE.finditer(text):
            start, end = match.span()
            end -= len(match[0]) - len(match[0].rstrip(" (./-"))
            called = bool(WORDS.search(context.around(text, start, end)))
            if not called and context.is_called_otherwise(text, start):
                continue
            sure = score(text[start:end], called)
            if sure:
                yield Finding("PHONE_NUMBER", start, end, sure)

    def _score(self, number: str, called: bool) -> float:
        if number.count("(") != number.count(")"):
            return 0.0
        if number.lstrip("(").startswith(("+", "00")):
            return self._international(number, called)
        if DATE.match(number) or (ZIP.fullmatch(number) and not called):
            return 0.0
        if NANP.fullmatch(number) and is_valid(number, "US"):
            return 0.75 if called or not number.replace(" ", "").isdigit() else 0.45
        if NATIONAL.fullmatch(number) and is_valid_anywhere(number):
            return 0.75 if called else 0.5
        return 0.6 if called and is_valid_anywhere(number) else 0.0

    def _international(self, number: str, called: bool) -> float:
        digits = number.lstrip("(")
        if digits.startswith("00"):
            digits = "+" + digits[2:]
        if is_valid(digits, None):
            return 0.95 if number.lstrip("(").startswith("+") else 0.6
        return 0.5 if called and is_possible(digits) else 0.0


def is_valid(number: str, region: str | None) -> bool:
    """Whether a numbering plan has such numbers."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def is_possible(number: str) -> bool:
    """Whether it has the length of a number of its country: made-up ones (+1 415 555 …) are no valid ones."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def is_valid_anywhere(number: str) -> bool:
    return any(is_valid(number, region) for region in REGIONS)
