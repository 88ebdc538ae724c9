"""The demo's sample service over real HTTP: what it gives, what it does once, what it refuses, what it keeps."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from registry import sample
from registry.address import SAMPLE_HOST, AddressRefused, Guard

REFUND = {"charge": "ch_9001", "amount_usd": 20.0, "reason": "One bulb was broken."}
INVOICE = {
    "number": "NP-1",
    "supplier": "Northwind Paper",
    "purchase_order": "PO-3107",
    "currency": "EUR",
    "total": 420.0,
    "cost_center": "OFFICE",
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[sample.SampleService]:
    started = sample.start(tmp_path / "sample")
    yield started
    started.stop()


@pytest.fixture
def client(service: sample.SampleService) -> Iterator[httpx.Client]:
    with client_of(service) as made:
        yield made


def client_of(service: sample.SampleService) -> httpx.Client:
    address = f"http://127.0.0.1:{service.port}"
    return httpx.Client(base_url=address, headers={"Host": SAMPLE_HOST}, trust_env=False)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/payments/charges/ch_9002", {"order": "1042", "amount_usd": 49.0, "status": "paid"}),
        ("/payments/refunds/re_5001", {"charge": "ch_9004", "amount_usd": 18.5}),
        ("/orders/1043", {"status": "shipped", "tracking": "TRK-550187"}),
        ("/erp/purchase-orders/PO-3112", {"supplier": "Halden Tools", "total": 2350.0}),
    ],
)
def test_it_is_seeded(client: httpx.Client, path: str, part: dict):
    assert client.get(path).json().items() >= part.items()


def test_a_refund_changes_its_charge(client: httpx.Client):
    made = client.post("/payments/refunds", json=REFUND)
    assert (made.status_code, made.json()) == (201, {"id": "re_5002", **REFUND, "status": "succeeded"})
    assert client.get("/payments/charges/ch_9001").json()["status"] == "partly_refunded"
    assert client.post("/payments/refunds", json={**REFUND, "amount_usd": 29}).status_code == 201
    charge = client.get("/payments/charges/ch_9001").json()
    assert (charge["refunded_usd"], charge["status"]) == (49.0, "refunded")


def test_the_same_key_has_one_effect_and_one_answer_also_at_once(client: httpx.Client):
    def ask(_: int) -> str:
        return client.post("/payments/refunds", json=REFUND, headers={"Idempotency-Key": "run/1"}).text

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(16)))
    assert len(answers) == 1
    assert client.get("/payments/charges/ch_9001").json()["refunded_usd"] == 20.0


def test_a_key_is_not_taken_for_another_request(client: httpx.Client):
    headers = {"Idempotency-Key": "run/1"}
    client.post("/payments/refunds", json=REFUND, headers=headers)
    other = client.post("/payments/refunds", json={**REFUND, "amount_usd": 5}, headers=headers)
    assert (other.status_code, other.json()["error"]) == (
        422,
        "This Idempotency-Key was used for another request: take a new one.",
    )


def test_what_was_written_is_there_after_a_restart_with_its_keys(tmp_path: Path):
    headers = {"Idempotency-Key": "run/1"}
    first = sample.start(tmp_path)
    with client_of(first) as client:
        answer = client.post("/erp/invoices", json=INVOICE, headers=headers).json()
    first.stop()
    second = sample.start(tmp_path)
    with client_of(second) as client:
        assert client.post("/erp/invoices", json=INVOICE, headers=headers).json() == answer
        assert client.get("/erp/invoices/NP-1").json() == answer
        assert client.get("/erp/purchase-orders/PO-3107").json()["invoiced"] == 420.0
    second.stop()


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/payments/refunds", {**REFUND, "amount_usd": 49.01}, 409, "Only 49.00 USD of charge ch_9001"),
        ("/payments/refunds", {**REFUND, "amount_usd": 1.001}, 422, "at most two decimals"),
        ("/payments/refunds", {**REFUND, "amount_usd": -1}, 422, "more than 0"),
        ("/payments/refunds", {**REFUND, "amount_usd": "20"}, 422, "a number"),
        ("/payments/refunds", {**REFUND, "charge": "ch_1"}, 404, "There is no charge ch_1."),
        ("/payments/refunds", {**REFUND, "to": "me"}, 422, "Unknown field 'to'"),
        ("/payments/refunds", {"charge": "ch_9001"}, 422, "'amount_usd' is missing"),
        ("/payments/refunds", [REFUND], 422, "an object"),
        ("/erp/invoices", {**INVOICE, "purchase_order": "PO-1"}, 404, "There is no purchase order PO-1."),
        ("/erp/invoices", {**INVOICE, "supplier": "Eve"}, 422, "has the supplier Northwind Paper, not Eve"),
        ("/erp/invoices", {**INVOICE, "currency": "USD"}, 422, "has the currency EUR, not USD"),
    ],
)
def test_wrong_input_is_refused_and_changes_nothing(
    client: httpx.Client, service: sample.SampleService, path: str, body: object, status: int, said: str
):
    before = service.books.file.read_bytes()
    answer = client.post(path, json=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert service.books.file.read_bytes() == before


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/payments/refunds", b"{", 400),
        ("POST", "/payments/refunds", b"[" * 50_000, 400),
        ("POST", "/payments/refunds", b" " * 70_000, 413),
        ("POST", "/payments/refunds", b'{"charge": NaN}', 422),
        ("GET", "/payments/refunds", b"", 405),
        ("GET", "/payments/charges/ch_1", b"", 404),
        ("GET", "/secrets", b"", 404),
    ],
)
def test_what_is_no_request_of_its_own_gets_a_clear_4xx(
    client: httpx.Client, method: str, path: str, content: bytes, status: int
):
    answer = client.request(method, path, content=content)
    assert (answer.status_code, list(answer.json())[0]) == (status, "error")


def test_an_invoice_is_posted_once(client: httpx.Client):
    assert client.post("/erp/invoices", json=INVOICE).status_code == 201
    again = client.post("/erp/invoices", json=INVOICE)
    assert (again.status_code, again.json()["error"]) == (409, "Invoice NP-1 has been posted already.")


def test_another_name_for_its_address_gets_nothing(service: sample.SampleService):
    answer = httpx.get(f"http://127.0.0.1:{service.port}/orders/1043", trust_env=False)
    assert answer.status_code == 421
    assert "1043" not in answer.text


async def test_only_the_demo_project_reaches_it_and_only_while_it_runs(tmp_path: Path):
    service = sample.start(tmp_path)
    assert await Guard().addresses(SAMPLE_HOST, 80, "demo") == [("127.0.0.1", service.port)]
    with pytest.raises(AddressRefused):
        await Guard().addresses(SAMPLE_HOST, 80, "other")
    service.stop()
    with pytest.raises(AddressRefused):
        await Guard().addresses(SAMPLE_HOST, 80, "demo")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"charges": {}}', '{"charges": []}'])
def test_a_broken_file_is_named_and_left_as_it_is(tmp_path: Path, content: str):
    file = tmp_path / "data.json"
    file.write_text(content)
    with pytest.raises(sample.SampleUnusable, match="remove it to begin with fresh data"):
        sample.start(tmp_path)
    assert file.read_text() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(sample.SampleUnusable, match="taken"):
        sample.start(tmp_path / "taken" / "sample")


def test_answers_are_kept_for_the_newest_keys_only(client: httpx.Client, service: sample.SampleService):
    service.books.data["answers"] = {f"old {n}": {} for n in range(1_000)}
    client.post("/payments/refunds", json=REFUND, headers={"Idempotency-Key": "new"})
    kept = json.loads(service.books.file.read_bytes())["answers"]
    assert (len(kept), "old 0" in kept, "/payments/refunds new" in kept) == (1_000, False, True)
