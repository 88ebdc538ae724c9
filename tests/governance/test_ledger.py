"""The ledger on a real database: nothing overshot, nothing leaked, nobody overtaken."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance import ledger
from governance.ledger import Orphan, Release, ReleaseRun, Reserve, Settle, apply, run_sync
from governance.models import Account, Reservation, Spend
from governance.port import Limit

pytestmark = pytest.mark.both_databases
DOLLAR = 1_000_000_000
CENTS = DOLLAR // 100


def play(*operations) -> list[ledger.Answer]:
    """One batch on the test's own connection."""
    with connection.cursor() as cursor:
        # Django's cursor takes %s on both databases.
        return run_sync(cursor, apply(connection.vendor, operations), "postgresql")


def reserve(run: int, cents: float, *limits: tuple[str, int], call: str = "c") -> Reserve:
    made = tuple(Limit(key, limit * CENTS) for key, limit in limits)
    return Reserve(run, call, round(cents * CENTS), made)


def settle(run: int, cents: float | None, call: str = "c", **facts) -> Settle:
    cost = None if cents is None else round(cents * CENTS)
    named = {"project_id": 1, "day": "2026-01-31", "flow": "triage", "user": "ada", **facts}
    return Settle(run, call, cost, **named)


def states(*operations) -> list[str]:
    return [answer.state for answer in play(*operations)]


def account(key: str) -> tuple[int, int, int, int]:
    """(limit, spent, reserved) in cents, and how many wait."""
    row = Account.objects.get(key=key)
    return row.limit // CENTS, row.spent // CENTS, row.reserved // CENTS, row.waiting


@pytest.mark.django_db
class TestOneAccount:
    def test_what_fits_is_held_and_settled(self):
        assert states(reserve(1, 40, ("a", 100))) == ["held"]
        assert account("a") == (100, 0, 40, 0)
        assert states(settle(1, 15)) == ["done"]
        assert account("a") == (100, 15, 0, 0)
        assert not Reservation.objects.exists()

    def test_asking_again_changes_nothing(self):
        again = reserve(1, 40, ("a", 100))
        assert states(again, again) == ["held", "held"]
        assert states(again) == ["held"]
        assert account("a") == (100, 0, 40, 0)

    def test_what_can_never_fit_is_refused_by_name(self):
        assert states(reserve(1, 30, ("a", 100)), settle(1, 30)) == ["held", "done"]
        refused = play(reserve(2, 71, ("b", 100), ("a", 100)))[0]
        assert (refused.state, refused.account) == ("refused", "a")
        assert states(reserve(2, 70, ("b", 100), ("a", 100))) == ["held"]

    def test_what_fits_but_for_others_waits_and_is_woken(self):
        assert states(reserve(1, 60, ("a", 100))) == ["held"]
        waiting = play(reserve(2, 60, ("a", 100)))[0]
        assert (waiting.state, waiting.account) == ("waiting", "a")
        assert account("a") == (100, 0, 60, 1)
        done = play(settle(1, 10))[0]
        assert (done.state, done.woken) == ("done", ((2, "c"),))
        assert account("a") == (100, 10, 60, 0)
        assert states(reserve(2, 60, ("a", 100))) == ["held"]

    def test_a_waiter_that_can_never_fit_any_more_is_woken_and_refused(self):
        states(reserve(1, 60, ("a", 100)), reserve(2, 60, ("a", 100)))
        assert play(settle(1, 55))[0].woken == ((2, "c"),)
        assert states(reserve(2, 60, ("a", 100))) == ["refused"]
        assert account("a") == (100, 55, 0, 0)

    def test_first_come_first_served(self):
        assert states(reserve(1, 90, ("a", 100)), reserve(2, 50, ("a", 100)), reserve(3, 5, ("a", 100))) == [
            "held",
            "waiting",
            "waiting",
        ]
        assert play(Release(1, "c"))[0].woken == ((2, "c"), (3, "c"))
        assert account("a") == (100, 0, 55, 0)

    def test_a_small_newcomer_does_not_overtake(self):
        states(reserve(1, 60, ("a", 100)), reserve(2, 60, ("a", 100)))
        assert states(reserve(3, 1, ("a", 100))) == ["waiting"]
        assert states(reserve(3, 1, ("a", 100))) == ["waiting"]
        assert play(Release(2, "c"))[0].woken == ((3, "c"),)

    def test_a_cost_over_the_hold_is_recorded_not_lost(self):
        states(reserve(1, 10, ("a", 20)))
        states(settle(1, 35))
        assert account("a") == (20, 35, 0, 0)
        assert states(reserve(2, 1, ("a", 20))) == ["refused"]

    def test_a_raised_limit_lets_the_line_go(self):
        states(reserve(1, 90, ("a", 100)), reserve(2, 50, ("a", 100)), reserve(3, 50, ("a", 100)))
        answer = play(reserve(3, 50, ("a", 150)))[0]
        assert (answer.state, answer.woken) == ("waiting", ((2, "c"),))
        assert account("a") == (150, 0, 140, 1)
        assert states(reserve(3, 50, ("a", 200))) == ["held"]

    def test_a_lowered_limit_refuses_what_comes(self):
        states(reserve(1, 90, ("a", 100)))
        assert states(reserve(2, 20, ("a", 10))) == ["refused"]
        assert account("a") == (10, 0, 90, 0)

    def test_a_run_that_ends_leaks_nothing(self):
        states(
            reserve(1, 60, ("a", 100)),
            reserve(1, 30, ("a", 100), call="d"),
            reserve(2, 60, ("a", 100)),
            reserve(3, 60, ("a", 100)),
        )
        answers = play(ReleaseRun(2), ReleaseRun(1, keep=frozenset({"d"})))
        assert answers[-1].woken == ((3, "c"),)
        assert account("a") == (100, 0, 90, 0)
        play(ReleaseRun(1), ReleaseRun(3))
        assert account("a") == (100, 0, 0, 0)
        assert not Reservation.objects.exists()

    def test_a_driver_that_is_gone_leaves_the_line_and_its_holds_count_on(self):
        states(reserve(1, 60, ("a", 100)), reserve(2, 60, ("a", 100)), reserve(3, 30, ("a", 100)))
        assert play(Orphan(2), Orphan(1))[-1].woken == ((3, "c"),)
        assert account("a") == (100, 0, 90, 0)
        rows = Reservation.objects.order_by("run_id").values_list("run_id", "state")
        assert list(rows) == [(1, "unknown"), (3, "held")]

    def test_who_takes_over_has_the_same_hold_and_settles_it(self):
        states(reserve(1, 60, ("a", 100)))
        play(Orphan(1))
        assert states(reserve(1, 60, ("a", 100))) == ["held"]
        assert Reservation.objects.get().state == "held"
        play(Orphan(1))
        assert states(settle(1, 10)) == ["done"]
        assert account("a") == (100, 10, 0, 0)
        assert not Reservation.objects.exists()

    def test_another_amount_for_the_same_call_stands_at_the_end_of_the_line(self):
        states(reserve(1, 90, ("a", 100)), reserve(2, 50, ("a", 100)), reserve(3, 10, ("a", 100)))
        assert states(reserve(2, 60, ("a", 100))) == ["waiting"]
        assert account("a") == (100, 0, 100, 1)
        assert Reservation.objects.get(run_id=3).state == "held"


@pytest.mark.django_db
class TestSeveralAccounts:
    def test_all_or_none_is_held(self):
        assert states(reserve(1, 50, ("a", 100), ("b", 60))) == ["held"]
        assert states(reserve(2, 50, ("a", 100), ("b", 60))) == ["waiting"]
        assert (account("a"), account("b")) == ((100, 0, 50, 1), (60, 0, 50, 1))
        assert states(settle(1, 5)) == ["done"]
        assert (account("a"), account("b")) == ((100, 5, 50, 0), (60, 5, 50, 0))

    def test_a_newcomer_stands_behind_older_ones_on_any_of_its_accounts(self):
        states(reserve(1, 50, ("a", 50)), reserve(2, 10, ("a", 50), ("b", 50)))
        assert states(reserve(3, 10, ("b", 50))) == ["waiting"]
        assert play(Release(1, "c"))[0].woken == ((2, "c"), (3, "c"))
        assert (account("a"), account("b")) == ((50, 0, 10, 0), (50, 0, 20, 0))

    def test_who_leaves_the_line_lets_others_pass(self):
        states(reserve(1, 50, ("a", 50)), reserve(2, 10, ("a", 50), ("b", 50)), reserve(3, 10, ("b", 50)))
        assert play(ReleaseRun(2))[0].woken == ((3, "c"),)

    def test_a_chain_of_waiters_moves_through_accounts_the_batch_never_named(self):
        states(
            reserve(1, 50, ("a", 50)),
            reserve(2, 10, ("a", 50), ("b", 50)),
            reserve(3, 10, ("b", 50), ("z", 50)),
            reserve(4, 10, ("z", 50)),
        )
        assert play(settle(1, 0))[0].woken == ((2, "c"), (3, "c"), (4, "c"))
        assert (account("a"), account("b"), account("z")) == ((50, 0, 10, 0), (50, 0, 20, 0), (50, 0, 20, 0))


@pytest.mark.django_db
class TestSpend:
    def test_costs_add_up_by_what_they_are_asked_for(self):
        play(
            settle(1, 10, agent="writer", model="a/b", input_tokens=5, output_tokens=2, reserved=False),
            settle(2, 20, agent="writer", model="a/b", input_tokens=1, output_tokens=1, reserved=False),
            settle(3, None, agent="editor", reserved=False),
        )
        play(settle(4, 0.0000001, agent="writer", model="a/b", reserved=False))
        rows = Spend.objects.order_by("agent").values_list(
            "agent", "model", "cost", "input_tokens", "output_tokens", "calls"
        )
        assert list(rows) == [("editor", "", 0, 0, 0, 1), ("writer", "a/b", 30 * CENTS + 1, 6, 3, 3)]

    def test_without_limits_only_the_spend_is_written(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert states(Reserve(1, "c", 5, ()), settle(1, 5, reserved=False)) == ["held", "done"]
        assert not Account.objects.exists()

    def test_a_batch_costs_few_statements_however_long(self, django_assert_max_num_queries):
        play(reserve(0, 1, ("a", 1000), ("b", 1000)))
        most = 6 if connection.vendor == "sqlite" else 8
        batch = [operation for run in range(1, 50) for operation in
                 (reserve(run, 1, ("a", 1000), ("b", 1000)), settle(run - 1, 1))]  # fmt: skip
        with django_assert_max_num_queries(most):
            play(*batch)
        assert account("a") == (1000, 49, 1, 0)


KEYS = st.sampled_from(["a", "b", "d"])
LIMITS = {"a": 100, "b": 60, "d": 30}
CALLS = st.tuples(st.integers(1, 4), st.sampled_from(["c", "d"]))
STEPS = st.one_of(
    st.tuples(st.just("reserve"), CALLS, st.integers(0, 70), st.sets(KEYS, min_size=1)),
    st.tuples(st.just("settle"), CALLS, st.integers(0, 100)),
    st.tuples(st.just("release"), CALLS),
    st.tuples(st.just("run"), st.integers(1, 4)),
)


class Model:
    """What the ledger promises, in the plainest words: one list in order, looked at from the front."""

    def __init__(self):
        self.spent = dict.fromkeys(LIMITS, 0)
        self.line: list[dict] = []

    def fits(self, entry, held=True):
        return all(
            self.spent[key]
            + entry["amount"]
            + sum(other["amount"] for other in self.line if held and other["held"] and key in other["keys"])
            <= LIMITS[key]
            for key in entry["keys"]
        )

    def move(self):
        for entry in list(self.line):
            if entry["held"]:
                continue
            older = [other for other in self.line if not other["held"] and other is not entry]
            older = [other for other in older if self.line.index(other) < self.line.index(entry)]
            if not self.fits(entry, held=False):
                self.line.remove(entry)
            elif not any(other["keys"] & entry["keys"] for other in older) and self.fits(entry):
                entry["held"] = True

    def settle_down(self):
        before = None
        while before != repr(self.line):
            before = repr(self.line)
            self.move()

    def do(self, step):
        kind, name = step[0], step[1]
        found = next((entry for entry in self.line if entry["name"] == name), None)
        if kind == "reserve":
            wanted = {"name": name, "amount": step[2], "keys": frozenset(step[3]), "held": False}
            if found and (found["held"] or (found["amount"], found["keys"]) == (step[2], wanted["keys"])):
                return
            if found:
                self.line.remove(found)
                self.settle_down()
            if self.fits(wanted, held=False):
                self.line.append(wanted)
        elif kind == "run":
            self.line = [entry for entry in self.line if entry["name"][0] != name]
        elif found:
            self.line.remove(found)
            if kind == "settle":
                for key in found["keys"]:
                    self.spent[key] += step[2]
        self.settle_down()


def operation(step):
    kind, name = step[0], step[1]
    if kind == "reserve":
        return Reserve(*name, step[2], tuple(Limit(key, LIMITS[key]) for key in sorted(step[3])))
    if kind == "settle":
        return Settle(*name, step[2], project_id=1, day="2026-01-31", flow="f")
    return Release(*name) if kind == "release" else ReleaseRun(name)


@pytest.mark.django_db
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=25), size=st.integers(1, 4))
def test_the_ledger_is_the_plain_list_at_any_batch_size(steps, size):
    Account.objects.all().delete()
    Reservation.objects.all().delete()
    Spend.objects.all().delete()
    model = Model()
    for begin in range(0, len(steps), size):
        batch = steps[begin : begin + size]
        play(*map(operation, batch))
        for step in batch:
            model.do(step)
    # Whoever waits asks again: a line may stand still where the last operations were reservations.
    for entry in list(model.line):
        play(operation(("reserve", entry["name"], entry["amount"], entry["keys"])))
    model.settle_down()
    kept = {(row.run_id, row.call): row.state for row in Reservation.objects.all()}
    assert kept == {entry["name"]: "held" if entry["held"] else "waiting" for entry in model.line}
    for row in Account.objects.all():
        inside = [entry for entry in model.line if row.key in entry["keys"]]
        assert row.spent == model.spent[row.key]
        assert row.reserved == sum(entry["amount"] for entry in inside if entry["held"])
        assert row.waiting == sum(not entry["held"] for entry in inside)
        # Only what a call did cost beyond its hold can push the sum over the limit: holding never does.
        excess = sum(step[2] for step in steps if step[0] == "settle")
        assert row.spent + row.reserved <= row.limit + excess
    settled = sum(row.cost for row in Spend.objects.all())
    assert settled == sum(step[2] for step in steps if step[0] == "settle")


def own_connection():
    """A connection of its own, as the engine's writer has one; it says BEGIN itself."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return sqlite3.connect(found["NAME"], isolation_level=None, timeout=30)
    parameters = connection.get_connection_params()
    named = {
        key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)
    }
    return psycopg.connect(autocommit=True, **named)


def commit(own, *operations) -> list[ledger.Answer]:
    cursor = own.cursor()
    cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
    try:
        answers = run_sync(cursor, apply(connection.vendor, operations), connection.vendor)
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")
    return answers


def in_threads(count: int, work) -> None:
    """Runs `work(number, connection)` in threads that start together; raises what one of them raised."""
    start = threading.Barrier(count)

    def body(number: int) -> None:
        own = own_connection()
        try:
            start.wait()
            work(number, own)
        finally:
            own.close()

    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(body, number) for number in range(count)]:
            done.result(60)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_at_once_against_a_dollar_hold_exactly_ten():
    found: list[str] = []

    def launch(number: int, own) -> None:
        for run in range(number * 20, number * 20 + 20):
            found.append(commit(own, reserve(run + 1, 10, ("project", 100)))[0].state)

    in_threads(10, launch)
    assert (found.count("held"), found.count("waiting")) == (10, 190)
    assert account("project") == (100, 0, 100, 190)


@pytest.mark.django_db(transaction=True)
def test_calls_on_crossing_accounts_never_deadlock_and_never_overshoot():
    """Each thread reserves on two of four accounts, in any order, waits its turn, settles: the sums agree."""
    pairs = [("p", "q"), ("q", "r"), ("r", "s"), ("s", "p"), ("q", "p"), ("s", "q")]
    over: list[str] = []

    def work(number: int, own) -> None:
        for round_ in range(15):
            run = number * 100 + round_ + 1
            first, second = pairs[(number + round_) % len(pairs)]
            asked = reserve(run, 10, (first, 200), (second, 200))
            while (state := commit(own, asked)[0].state) == "waiting":
                own.cursor().execute("SELECT 1")
            if state == "refused":
                over.append(state)
            else:
                commit(own, settle(run, 2))

    in_threads(6, work)
    assert not Reservation.objects.exists()
    rows = list(Account.objects.values_list("spent", "reserved", "waiting"))
    assert [(reserved, waiting) for _, reserved, waiting in rows] == [(0, 0)] * 4
    settled = 6 * 15 - len(over)
    assert sum(spent for spent, _, _ in rows) == settled * 2 * 2 * CENTS
    assert sum(row.cost for row in Spend.objects.all()) == settled * 2 * CENTS
    assert all(spent <= 200 * CENTS for spent, _, _ in rows)
