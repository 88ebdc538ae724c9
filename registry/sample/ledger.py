"""The books and the bank statements of an account by month, as exports, and the months that were closed."""

from registry.sample.books import Answer, Books, Refusal
from registry.sample.corpus import Asked, found

LEDGERS = ("book", "statement")
CLOSING = {
    "type": "object",
    "required": ["period", "difference", "unmatched", "report"],
    "properties": {
        "period": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"},
        "difference": {"type": "number", "minimum": 0},
        "unmatched": {"type": "array", "maxItems": 500, "items": {"type": "object"}},
        "report": {"type": "string", "minLength": 1, "maxLength": 10_000},
    },
    "additionalProperties": False,
}


def export(asked: Asked) -> dict:
    """One side of a month: {period, ledger, csv, lines, control_total}. Each side has a format of its own."""
    if asked["ledger"] not in LEDGERS:
        raise Refusal(404, f"There is no ledger {asked['ledger'][:80]}: ask for book or statement.")
    month = found("ledgers", asked["name"], "month")
    side = month[asked["ledger"]]
    text = "\n".join(side["csv"])
    return {"period": asked["name"], "ledger": asked["ledger"], **side, "csv": text}


def close(books: Books, asked: dict) -> Answer:
    """Closes a month, once."""
    found("ledgers", asked["period"], "month")
    if books.find("closings", asked["period"]) is not None:
        raise Refusal(409, f"The month {asked['period']} is closed already.")
    name = books.next_name("closings", "CL-", 401)
    return 201, books.put("closings", asked["period"], {**asked, "id": name, "status": "closed"})


MONTHS = {"/ledger/{ledger}/{name}": export}
