"""Charges and their refunds. Amounts are US dollars with two decimals."""

from registry.sample.books import Answer, Books, Refusal

REFUND = {
    "type": "object",
    "required": ["charge", "amount_usd", "reason"],
    "properties": {
        "charge": {"type": "string", "minLength": 1, "maxLength": 64},
        "amount_usd": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000},
        "reason": {"type": "string", "minLength": 1, "maxLength": 500},
    },
    "additionalProperties": False,
}


def refund(books: Books, asked: dict) -> Answer:
    """Gives back a part of a charge, or all of it; what is left of it is the most that can be."""
    charge = books.find("charges", asked["charge"])
    if charge is None:
        raise Refusal(404, f"There is no charge {asked['charge']}.")
    cents = whole_cents(asked["amount_usd"], "amount_usd")
    refunded = whole_cents(charge["refunded_usd"], "refunded_usd")
    left = whole_cents(charge["amount_usd"], "amount_usd") - refunded
    if cents > left:
        raise Refusal(409, f"Only {left / 100:.2f} USD of charge {charge['id']} can still be refunded.")
    name = books.next_name("refunds", "re_", 5001)
    made = books.put("refunds", name, {"id": name, **asked, "status": "succeeded"})
    status = "refunded" if cents == left else "partly_refunded"
    books.put("charges", charge["id"], {**charge, "refunded_usd": (refunded + cents) / 100, "status": status})
    return 201, made


def whole_cents(dollars: float, field: str) -> int:
    """The amount in cents. Raises Refusal where it has parts of a cent."""
    cents = round(dollars * 100)
    if abs(dollars * 100 - cents) > 1e-6:
        raise Refusal(422, f"{field} has at most two decimals, not {dollars}.")
    return cents
