"""Documents that were read and passed their rules, and the suppliers that they may come from."""

from registry.sample.books import Answer, Books, Refusal
from registry.sample.corpus import record
from registry.sample.payments import whole_cents

NAME = {"type": "string", "minLength": 1, "maxLength": 64}
AMOUNT = {"type": "number", "minimum": 0, "maximum": 10_000_000}
FILED = {
    "type": "object",
    "required": ["number", "supplier_id", "issued_on", "due_on", "currency", "total", "lines"],
    "properties": {
        "number": NAME,
        "supplier_id": NAME,
        "issued_on": {"type": "string", "format": "date"},
        "due_on": {"type": "string", "format": "date"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "total": AMOUNT,
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["text", "amount"],
                "properties": {
                    "text": {"type": "string", "minLength": 1, "maxLength": 500},
                    "amount": {"type": "number"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def file_document(books: Books, asked: dict) -> Answer:
    """Files a document. A number of a supplier is filed once."""
    whole_cents(asked["total"], "total")
    key = f"{asked['supplier_id']} {asked['number']}"
    if books.find("documents", key) is not None:
        raise Refusal(409, f"Document {asked['number']} of {asked['supplier_id']} is filed already.")
    name = books.next_name("documents", "doc_", 3001)
    return 201, books.put("documents", key, {"id": name, **asked, "status": "filed"})


SUPPLIERS = {"/archive/suppliers/{name}": record("suppliers", "supplier with the id")}
