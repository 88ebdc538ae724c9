"""The gallery's books in the sample service: ledgers, an archive, code under review, competing products."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from registry import sample
from registry.address import SAMPLE_HOST

CLOSING = {"period": "2026-06", "difference": 0, "unmatched": [], "report": "Book and bank agree."}
DOCUMENT = {
    "number": "NW-1",
    "supplier_id": "SUP-100",
    "issued_on": "2026-09-03",
    "due_on": "2026-09-17",
    "currency": "EUR",
    "total": 420.0,
    "lines": [{"text": "Paper", "amount": 420.0}],
}
DIFF = """--- a/shop/find.py
+++ b/shop/find.py
@@ -7,3 +7,6 @@
 import db
+def find(name, seen=[]):
-    print("old")
+    try:
+        return db.rows(f"SELECT * FROM people WHERE name = '{name}'")
+    except:
         pass
@@ -40,1 +43,2 @@
 # end
+print("TODO")
"""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    service = sample.start(tmp_path / "sample")
    address = f"http://127.0.0.1:{service.port}"
    with httpx.Client(base_url=address, headers={"Host": SAMPLE_HOST}, trust_env=False) as made:
        yield made
    service.stop()


def test_both_sides_of_a_month_have_a_form_of_their_own_and_a_control_total(client: httpx.Client):
    book = client.get("/ledger/book/2026-08").json()
    statement = client.get("/ledger/statement/2026-08").json()
    assert (book["lines"], book["control_total"]) == (4, -350.0)
    assert (statement["lines"], statement["control_total"]) == (3, -3020.0)
    assert book["csv"].splitlines()[1] == "2026-08-04,INV-811,Halden Tools,2400.00,0.00"
    assert statement["csv"].splitlines()[1] == "12.08.2026;INV-812;Theo Anders;30,00"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/ledger/book/2031-01", "There is no month 2031-01."),
        ("/ledger/diary/2026-08", "There is no ledger diary: ask for book or statement."),
        ("/archive/suppliers/SUP-9", "There is no supplier with the id SUP-9."),
        ("/code/advisories/leftpad", "There is no package leftpad."),
        ("/rivals/products/glimmer", "There is no product glimmer."),
    ],
)
def test_what_is_not_there_is_a_404_with_a_sentence(client: httpx.Client, path: str, sentence: str):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, sentence)


def test_a_month_is_closed_once(client: httpx.Client):
    made = client.post("/ledger/closings", json=CLOSING)
    assert (made.status_code, made.json()) == (201, {**CLOSING, "id": "CL-401", "status": "closed"})
    again = client.post("/ledger/closings", json=CLOSING)
    assert (again.status_code, again.json()["error"]) == (409, "The month 2026-06 is closed already.")
    assert client.post("/ledger/closings", json={**CLOSING, "period": "2031-01"}).status_code == 404


def test_a_document_is_filed_once_for_its_supplier(client: httpx.Client):
    assert client.post("/archive/documents", json=DOCUMENT).json()["id"] == "doc_3001"
    assert client.post("/archive/documents", json=DOCUMENT).status_code == 409
    other = client.post("/archive/documents", json={**DOCUMENT, "supplier_id": "SUP-114"})
    assert (other.status_code, other.json()["id"]) == (201, "doc_3002")
    assert client.post("/archive/documents", json={**DOCUMENT, "lines": []}).status_code == 422


def test_the_analysis_finds_habits_in_added_lines_alone_with_their_place(client: httpx.Client):
    found = client.post("/code/findings", json={"diff": DIFF}).json()
    assert found["added"] == 5
    assert [(one["rule"], one["file"], one["line"]) for one in found["findings"]] == [
        ("mutable-default", "shop/find.py", 8),
        ("sql-by-format", "shop/find.py", 10),
        ("bare-except", "shop/find.py", 11),
        ("print-left", "shop/find.py", 44),
        ("todo-left", "shop/find.py", 44),
    ]


def test_each_review_is_a_comment_of_its_own(client: httpx.Client):
    review = {"change": "PR-1", "verdict": "approve", "comment": "Fine."}
    posted = [client.post("/code/reviews", json=review).json()["id"] for _ in range(2)]
    assert posted == ["rv_801", "rv_802"]


def test_books_from_before_there_were_these_shelves_go_on_with_them(tmp_path: Path):
    folder = tmp_path / "sample"
    sample.start(folder).stop()
    file = folder / "data.json"
    old = json.loads(file.read_text())
    del old["closings"], old["documents"], old["reviews"]
    old["refunds"]["re_9"] = {"id": "re_9"}
    file.write_text(json.dumps(old))
    service = sample.start(folder)
    assert service.books.find("refunds", "re_9") == {"id": "re_9"}
    assert service.books.find("closings", "2026-06") is None
    service.stop()
