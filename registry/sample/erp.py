"""Supplier invoices, posted against purchase orders."""

from registry.sample.books import Answer, Books, Refusal
from registry.sample.payments import whole_cents

NAME = {"type": "string", "minLength": 1, "maxLength": 64}
INVOICE = {
    "type": "object",
    "required": ["number", "supplier", "purchase_order", "currency", "total", "cost_center"],
    "properties": {
        "number": NAME,
        "supplier": {"type": "string", "minLength": 1, "maxLength": 200},
        "purchase_order": NAME,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "total": {"type": "number", "exclusiveMinimum": 0, "maximum": 10_000_000},
        "cost_center": NAME,
    },
    "additionalProperties": False,
}


def post_invoice(books: Books, asked: dict) -> Answer:
    """Books an invoice on its purchase order. An invoice number of a supplier is posted once."""
    order = books.find("purchase_orders", asked["purchase_order"])
    if order is None:
        raise Refusal(404, f"There is no purchase order {asked['purchase_order']}.")
    for field in ("supplier", "currency"):
        if asked[field] != order[field]:
            raise Refusal(
                422, f"Purchase order {order['number']} has the {field} {order[field]}, not {asked[field]}."
            )
    total = whole_cents(asked["total"], "total")
    if books.find("invoices", asked["number"]) is not None:
        raise Refusal(409, f"Invoice {asked['number']} has been posted already.")
    made = {**asked, "status": "posted", "document": books.next_name("invoices", "ERP-", 70001)}
    invoiced = (whole_cents(order["invoiced"], "invoiced") + total) / 100
    books.put("purchase_orders", order["number"], {**order, "invoiced": invoiced})
    return 201, books.put("invoices", asked["number"], made)
