"""The words around a candidate: what it is called decides what digits without a checksum are."""

import re

BEFORE, AFTER = 48, 24
# What a number is called when it is none of ours: directly before it, with "no", "number", "id" or "#" between.
OTHER = re.compile(
    r"(?:\b|_)(?:order|invoice|tracking|parcel|shipment|awb|imei|meid|isbn|issn|ean|gtin|upc|sku|asin|serial|part|"
    r"batch|lot|model|ticket|case|ref|reference|receipt|booking|article|item|product|build|revision|rev|commit|"
    r"barcode|container|policy|claim|docket|doi|pmid|bestellung|bestellnummer|rechnung|artikel|sendung|auftrag|"
    r"epoch|timestamp|job|request|trace|span|event|row|page|offset|checksum|coordinates?|lat|lon|lng)"
    r"[\s_-]{0,2}(?:no|nr|num|number|id|code|key|nummer)?[.:#='\"\s(/-]{0,6}\Z",
    re.IGNORECASE,
)


def before(text: str, start: int, most: int = BEFORE) -> str:
    return text[max(0, start - most) : start]


def around(text: str, start: int, end: int) -> str:
    return text[max(0, start - BEFORE) : start] + " \n " + text[end : end + AFTER]


def is_called_otherwise(text: str, start: int) -> bool:
    """Whether what stands at `start` is announced as an order number, an ISBN and the like."""
    return OTHER.search(before(text, start, 40)) is not None


def words(*found: str) -> re.Pattern[str]:
    """Any of the words, alone or as part of a name such as `customer_phone`."""
    return re.compile(rf"(?:\b|_)(?:{'|'.join(found)})(?:\b|_)", re.IGNORECASE)


def occurrences(text: str, stems: tuple[str, ...]) -> list[int]:
    """Where any of the lower-case `stems` begins, whatever its case, in order: a fifth of what a pattern costs."""
    lower = text.lower()
    if len(lower) != len(text):  # some capitals have longer small ones
        lower = "".join(letter.lower()[:1] for letter in text)
    found = []
    for stem in stems:
        at = lower.find(stem)
        while at >= 0:
            found.append(at)
            at = lower.find(stem, at + len(stem))
    return sorted(found)


def mentions(text: str, stems: tuple[str, ...]) -> bool:
    """Whether any of the lower-case `stems` stands anywhere in `text`."""
    lower = text.lower()
    return any(stem in lower for stem in stems)
