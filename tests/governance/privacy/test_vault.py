"""The vault on a real database: one token a value, two workers agree, sealed, and gone when its time is over."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import clock
from governance.models import VaultEntry
from governance.privacy import Vault, vault

pytestmark = pytest.mark.both_databases
MAIL = "EMAIL_ADDRESS"


@pytest.mark.django_db
class TestTokens:
    def test_the_same_value_has_the_same_token_and_numbers_count_from_one(self):
        first = vault.allocate(
            7, [(MAIL, "ann@shop.example"), (MAIL, "bob@shop.example"), ("US_SSN", "219-09-9999")]
        )
        assert first == {
            "<EMAIL_ADDRESS_1>": (MAIL, "ann@shop.example"),
            "<EMAIL_ADDRESS_2>": (MAIL, "bob@shop.example"),
            "<US_SSN_1>": ("US_SSN", "219-09-9999"),
        }
        assert vault.allocate(7, [(MAIL, "bob@shop.example"), (MAIL, "cy@shop.example")]) == {
            "<EMAIL_ADDRESS_2>": (MAIL, "bob@shop.example"),
            "<EMAIL_ADDRESS_3>": (MAIL, "cy@shop.example"),
        }

    def test_another_root_run_counts_anew(self):
        vault.allocate(7, [(MAIL, "ann@shop.example")])
        assert list(vault.allocate(8, [(MAIL, "zoe@shop.example")])) == ["<EMAIL_ADDRESS_1>"]
        assert vault.read(8) == {"<EMAIL_ADDRESS_1>": (MAIL, "zoe@shop.example")}

    def test_no_value_stands_in_the_table(self):
        vault.allocate(7, [(MAIL, "ann@shop.example")])
        row = VaultEntry.objects.get()
        assert b"ann" not in bytes(row.ciphertext)
        assert "ann" not in row.digest

    def test_what_is_known_costs_one_query_and_what_is_new_one_transaction(self):
        wanted = [(MAIL, f"p{number}@shop.example") for number in range(50)]
        vault.allocate(7, wanted)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            vault.allocate(7, wanted)
        assert len(asked) == 1

    def test_reading_restores_in_any_depth_and_only_what_may_be_seen(self):
        vault.allocate(7, [(MAIL, "ann@shop.example"), ("US_SSN", "219-09-9999")])
        content = {"to": ["<EMAIL_ADDRESS_1>"], "ssn": "<US_SSN_1>", "n": 3, "was": "<\\US_SSN_1>"}
        assert vault.reveal(7, [content]) == [
            {"to": ["ann@shop.example"], "ssn": "219-09-9999", "n": 3, "was": "<US_SSN_1>"}
        ]
        values = {token: value for token, (_, value) in vault.read(7).items()}
        assert vault.restored(content, values.get, [MAIL])["ssn"] == "<US_SSN_1>"

    def test_many_root_runs_are_read_at_once_and_each_sees_its_own_values(self):
        vault.allocate(7, [(MAIL, "ann@shop.example"), (MAIL, "bob@shop.example")])
        vault.allocate(8, [(MAIL, "zoe@shop.example")])
        text = "<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_2>"
        with CaptureQueriesContext(connection) as asked:
            told = vault.reveal_each([(7, text), (8, text), (9, text), (7, {"n": 1})])
        assert told == [
            "ann@shop.example bob@shop.example",
            "zoe@shop.example <EMAIL_ADDRESS_2>",
            text,
            {"n": 1},
        ]
        assert len(asked) == 1

    def test_what_was_sealed_under_another_key_stays_a_token(self, settings):
        vault.allocate(7, [(MAIL, "ann@shop.example")])
        settings.SECRET_KEY = "another" * 10
        assert vault.reveal(7, ["<EMAIL_ADDRESS_1>"]) == ["<EMAIL_ADDRESS_1>"]


@pytest.mark.django_db
class TestExpiry:
    def test_expired_values_go_and_their_numbers_do_not_come_again(self):
        vault.allocate(7, [(MAIL, "ann@shop.example"), (MAIL, "bob@shop.example")])
        VaultEntry.objects.update(expires_at=clock.now() - 1)
        vault.forget_expired()
        assert vault.read(7) == {}
        row = VaultEntry.objects.get()
        assert (row.number, bytes(row.ciphertext), row.digest) == (2, b"", "2")
        assert list(vault.allocate(7, [(MAIL, "ann@shop.example")])) == ["<EMAIL_ADDRESS_3>"]

    def test_a_run_that_takes_content_over_gives_no_number_out_again(self):
        vault.allocate(7, [(MAIL, "ann@shop.example"), (MAIL, "bob@shop.example")])
        VaultEntry.objects.update(expires_at=clock.now() - 1)
        vault.forget_expired()
        vault.allocate(7, [("US_SSN", "219-09-9999")])
        vault.copy(7, 8)
        assert list(vault.allocate(8, [(MAIL, "zoe@shop.example")])) == ["<EMAIL_ADDRESS_3>"]
        assert vault.reveal(8, ["<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_2> <US_SSN_1>"]) == [
            "<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_2> 219-09-9999"
        ]

    def test_a_value_that_no_longer_opens_keeps_its_number_in_the_run_that_takes_over(self, settings):
        vault.allocate(7, [(MAIL, "ann@shop.example")])
        settings.SECRET_KEY = "another" * 10
        vault.copy(7, 8)
        assert list(vault.allocate(8, [(MAIL, "zoe@shop.example")])) == ["<EMAIL_ADDRESS_2>"]
        assert vault.reveal(8, ["<EMAIL_ADDRESS_1>"]) == ["<EMAIL_ADDRESS_1>"]

    def test_one_sweep_takes_a_bounded_share_and_the_next_the_rest(self, monkeypatch):
        monkeypatch.setattr(vault, "SWEPT", 3)
        for root_id in range(1, 6):
            vault.allocate(root_id, [(MAIL, "ann@shop.example")])
        VaultEntry.objects.update(expires_at=clock.now() - 1)
        vault.forget_expired()
        assert VaultEntry.objects.exclude(ciphertext=b"").count() == 2
        vault.forget_expired()
        assert VaultEntry.objects.exclude(ciphertext=b"").count() == 0
        assert VaultEntry.objects.count() == 5

    def test_what_is_used_lasts_its_full_time_again(self, settings):
        settings.VAULT_DAYS = 30
        vault.allocate(7, [(MAIL, "ann@shop.example")])
        VaultEntry.objects.update(expires_at=clock.now() + 2 * vault.DAY_US)
        vault.put_off_expiry(7)
        assert VaultEntry.objects.get().expires_at > clock.now() + 29 * vault.DAY_US

    def test_what_has_not_expired_stays(self):
        vault.allocate(7, [(MAIL, "ann@shop.example")])
        vault.forget_expired()
        assert vault.read(7) == {"<EMAIL_ADDRESS_1>": (MAIL, "ann@shop.example")}


@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_the_same_values_at_once_agree():
    workers, values = 6, [(MAIL, f"p{number}@shop.example") for number in range(12)]
    barrier = Barrier(workers)

    def work(at: int) -> dict:
        barrier.wait()
        try:
            return {
                v: k for part in range(4) for k, v in vault.allocate(7, values[(at + part) % 12 :]).items()
            }
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        told = list(pool.map(work, range(workers)))
    for value in values:
        assert len({one[value] for one in told if value in one}) == 1
    numbers = sorted(VaultEntry.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 13))


@pytest.mark.django_db(transaction=True)
async def test_a_vault_answers_from_memory_what_it_has_seen():
    one, other = Vault(7), Vault(7)
    assert await one.token(MAIL, "ann@shop.example") == "<EMAIL_ADDRESS_1>"
    assert not other.holds("<EMAIL_ADDRESS_1>")
    assert await other.restore({"to": "<EMAIL_ADDRESS_1>"}) == {"to": "ann@shop.example"}
    assert other.value_of("<EMAIL_ADDRESS_1>") == "ann@shop.example"
