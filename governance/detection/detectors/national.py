"""Numbers that states give people: checksums by python-stdnum; where they are only digits, the words around too."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.pl import pesel

from governance.detection import context, presidio
from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding


@dataclass(frozen=True, slots=True)
class Number:
    """`words` must stand around where the checksum alone lets one number in ten through."""

    entity: str
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]
    words: re.Pattern[str] | None = None
    stems: tuple[str, ...] = ()  # without any of which none of the words can stand anywhere


def _digits(count: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.+-])\d(?:[ -]?\d){{{count}}}(?![\w]|[.-]\d)")


NUMBERS = (
    Number(
        "DE_TAX_ID", _digits("10"), idnr.is_valid,
        context.words("steuer-?id", "steuer-?nr", "idnr", "steueridentifikationsnummer", "steuernummer", "tax", "tin"),
        ("steuer", "idnr", "tax", "tin"),
    ),
    Number(
        "UK_NHS", _digits("9"), nhs.is_valid, context.words("nhs", "national health", "patient"),
        ("nhs", "national", "patient"),
    ),
    Number("PL_PESEL", _digits("10"), pesel.is_valid, context.words("pesel"), ("pesel",)),
    Number(
        "IN_AADHAAR", _digits("11"), aadhaar.is_valid, context.words("aadhaar", "aadhar", "uidai", "uid"),
        ("aadha", "uid"),
    ),
    Number(
        "ES_NIF", re.compile(r"(?<!\w)(?:\d{8}|[XYZ]\d{7})-?[A-Z](?!\w)"),
        lambda number: dni.is_valid(number) or nie.is_valid(number),
    ),
    Number(
        "IT_FISCAL_CODE", re.compile(r"(?<!\w)[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)", re.IGNORECASE),
        codicefiscale.is_valid,
    ),
    Number(
        "UK_NINO", re.compile(r"(?<!\w)[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)"),
        lambda number: presidio.score("UkNinoRecognizer", number) > 0,
    ),
)  # fmt: skip


class NationalDetector(Detector):
    entities = tuple(number.entity for number in NUMBERS)

    def find(self, text: str) -> Iterator[Finding]:
        for number in NUMBERS:
            if number.stems and not context.mentions(text, number.stems):
                continue
            for match in number.pattern.finditer(text):
                if number.is_valid(match[0]) and is_called(number, text, match):
                    yield Finding(number.entity, *match.span(), 0.95)


def is_called(number: Number, text: str, match: re.Match[str]) -> bool:
    return number.words is None or number.words.search(context.around(text, *match.span())) is not None
