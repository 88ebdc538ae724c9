"""Budgets: their documents, whom they are for, their periods, what a new account starts with, and their meters."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from governance import budget_documents, budgets, clock, documents, ids, ledger
from governance.budgets.book import Budget, Budgets, limits_of, strictest
from governance.budgets.sentences import exceeded_sentence, money
from governance.models import Account, AuditEntry, Membership, Project, Spend, User
from governance.port import Facts, Limit, Lineage, Short

DOLLAR = 1_000_000_000
AT = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)  # a Saturday


def micros(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000


NOW = int(AT.timestamp()) * 1_000_000


def body(**changes) -> dict:
    known = {"kind": "budget", "slug": "b", "subject": "project", "limit_usd": 5, "period": "day"}
    return known | changes


def parsed(slug: str = "b", **changes) -> Budget:
    return Budget.parse(slug, 1, body(**changes))


def facts(**changes) -> Facts:
    known = {
        "project": "alpha",
        "project_id": 12,
        "flow": "support",
        "run": 7,
        "run_public_id": ids.encode(7),
        "user": "ada",
        "environment": "",
        "trigger": "api",
        "node": "ask",
        "iteration": 1,
        "item": None,
        "attempt": 1,
    }
    return Facts(**(known | changes))


# --- periods -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "name", "ends_at"),
    [
        ("day", "2026-01-31", micros(2026, 2, 1)),
        ("week", "2026-W05", micros(2026, 2, 2)),
        ("month", "2026-01", micros(2026, 2, 1)),
        ("total", "total", None),
        ("run", "run-7", None),
    ],
)
def test_a_period_has_a_name_and_an_end_in_utc(period, name, ends_at):
    found = budgets.period_at(period, NOW, root=7)
    assert (found.name, found.ends_at) == (name, ends_at)


@pytest.mark.parametrize(
    ("moment", "week", "month"),
    [
        ((2026, 1, 1), "2026-W01", "2026-01"),
        ((2027, 1, 3), "2026-W53", "2027-01"),
        ((2026, 12, 31), "2026-W53", "2026-12"),
    ],
)
def test_weeks_are_those_of_iso_8601(moment, week, month):
    assert budgets.period_at("week", micros(*moment)).name == week
    assert budgets.period_at("month", micros(*moment)).name == month


@given(st.integers(0, 4_000_000_000), st.sampled_from(["day", "week", "month"]))
def test_a_moment_lies_in_its_period_and_the_next_begins_where_it_ends(second, period):
    now = second * 1_000_000
    found = budgets.period_at(period, now)
    began = micros(found.first_day.year, found.first_day.month, found.first_day.day)
    assert began <= now < found.ends_at
    assert budgets.period_at(period, found.ends_at - 1).name == found.name
    assert budgets.period_at(period, found.ends_at).first_day.isoformat() == clock.day(found.ends_at)


# --- what applies --------------------------------------------------------------------------------------------------

BELOW = (Lineage(9, "child"), Lineage(8, "middle"), Lineage(7, "support"))


@pytest.mark.parametrize(
    ("changes", "agent", "lineage", "keys"),
    [
        ({}, "", (), ["budget:12/b:project/:2026-01-31"]),
        ({"of": "alpha", "period": "total"}, "", (), ["budget:12/b:project/:total"]),
        ({"subject": "agent"}, "writer", (), ["budget:12/b:agent/writer:2026-01-31"]),
        ({"subject": "agent"}, "", (), []),
        ({"subject": "agent", "of": "other"}, "writer", (), []),
        ({"subject": "agent", "period": "run"}, "writer", BELOW, ["budget:12/b:agent/writer:run-7"]),
        ({"subject": "user", "of": "ada", "period": "week"}, "", (), ["budget:12/b:user/ada:2026-W05"]),
        ({"subject": "user", "of": "ben"}, "", (), []),
        (
            {"subject": "flow", "period": "month"},
            "",
            BELOW,
            [f"budget:12/b:flow/{of}:2026-01" for of in ("child", "middle", "support")],
        ),
        ({"subject": "flow", "of": "support"}, "", BELOW, ["budget:12/b:flow/support:2026-01-31"]),
        ({"subject": "run", "period": "run"}, "", BELOW, [f"budget:12/b:run/{run}:run" for run in (9, 8, 7)]),
        ({"subject": "run", "period": "run"}, "", (), ["budget:12/b:run/7:run"]),
    ],
)  # fmt: skip
def test_a_call_draws_on_the_accounts_of_its_subject(changes, agent, lineage, keys):
    found = limits_of(Budgets(12, (parsed(**changes),)), facts(lineage=lineage), agent, NOW)
    assert [applied.limit.key for applied in found] == keys
    assert all(applied.limit.limit == 5 * DOLLAR for applied in found)


def test_a_test_call_that_belongs_to_no_run_draws_on_nothing():
    assert limits_of(Budgets(12, (parsed(),)), facts(run=0), "writer", NOW) == ()


@pytest.mark.parametrize(
    ("exceeded", "decides"),
    [
        (("degrade",), "degrade"),
        (("degrade", "pause"), "pause"),
        (("pause", "block", "degrade"), "block"),
    ],
)
def test_the_strictest_of_several_decides(exceeded, decides):
    book = Budgets(12, tuple(parsed(slug=name, on_exceed=name) for name in exceeded))
    assert strictest(limits_of(book, facts(), "", NOW)) == decides


def test_people_read_of_runs_by_their_public_identifiers():
    assert ids.account_name("budget:12/b:run/7:run") == "budget:b:run/0000000000007:run"
    assert ids.account_name("budget:12/b:agent/writer:run-7") == "budget:b:agent/writer:run-0000000000007"
    assert ids.account_name("budget:12/b:user/ada:2026-W05") == "budget:b:user/ada:2026-W05"


def test_a_refusal_says_which_budget_how_much_and_what_to_do():
    (applied,) = limits_of(Budgets(12, (parsed("day", subject="agent", of="w"),)), facts(), "w", NOW)
    own = Short("run:7", DOLLAR, DOLLAR // 2, 0)
    said = exceeded_sentence(
        (Short(applied.limit.key, 5 * DOLLAR, 4 * DOLLAR, DOLLAR // 4), own),
        {applied.limit.key: applied},
        2 * DOLLAR,
    )
    assert said == (
        "it may cost $2, which is more than is left of budget day ($5 a day for agent w): $4 of $5 is spent and $0.25 "
        "is held, and of the run's max_cost_usd: $0.5 of $1 is spent and $0 is held. Raise limit_usd of budget day, "
        "wait until 2026-02-01 00:00 UTC, or use a cheaper model; Raise that limit and publish it, or use a cheaper "
        "model or a smaller max_tokens"
    )
    assert money(1) == "$0.000000001"


# --- documents -----------------------------------------------------------------------------------------------------


@pytest.fixture
def project(db) -> Project:
    made = Project.objects.create(slug="alpha", name="Alpha")
    Membership.objects.create(project=made, user=User.objects.create(username="ada"), roles=["admin"])
    budget_documents.register()
    documents.create_and_publish(made, "agent", "writer", {"kind": "agent", "slug": "writer"}, None)
    budgets.forget()
    return made


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, []),
        ({"subject": "agent", "of": "writer", "on_exceed": "pause", "warn_at": 0.8}, []),
        ({"subject": "run", "period": "run"}, []),
        ({"subject": "run"}, [("/period", "period_of_a_run")]),
        ({"subject": "run", "period": "run", "of": "writer"}, [("/of", "run_has_no_name")]),
        ({"subject": "agent", "of": "nobody"}, [("/of", "dead_reference")]),
        ({"subject": "agent", "of": "writer@1"}, [("/of", "version")]),
        ({"subject": "flow", "of": "writer"}, [("/of", "dead_reference")]),
        ({"of": "beta"}, [("/of", "other_project")]),
        ({"subject": "user", "of": "ada"}, []),
        ({"subject": "user", "of": "sam"}, [("/of", "dead_reference")]),
        ({"period": "total", "on_exceed": "pause"}, [("/on_exceed", "pause_without_end")]),
        ({"limit_usd": 1e-12}, [("/limit_usd", "too_small")]),
        ({"limit_usd": 1e-9}, []),
        ({"limit_usd": 0}, []),
    ],
)
@pytest.mark.django_db
def test_what_does_not_go_together_is_said_where_it_is(project, changes, problems):
    found = documents.problems_of(project, "budget", body(**changes))
    assert [(problem.pointer, problem.code) for problem in found] == problems


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"limit_usd": -1}, "/limit_usd"),
        ({"limit_usd": "5"}, "/limit_usd"),
        ({"warn_at": 1.01}, "/warn_at"),
        ({"period": "year"}, "/period"),
        ({"on_exceed": "ignore"}, "/on_exceed"),
        ({"subject": "model"}, "/subject"),
        ({"currency": "EUR"}, ""),
    ],
)
@pytest.mark.django_db
def test_what_does_not_fit_the_schema_is_not_even_kept(project, changes, pointer):
    with pytest.raises(documents.Refused) as refused:
        documents.save_draft(project, "budget", "b", body(**changes), None)
    assert refused.value.problems[0].pointer.startswith(pointer)


@pytest.mark.django_db
def test_only_active_budgets_apply(project):
    documents.create_and_publish(project, "budget", "b", body(limit_usd=0.1), None)
    documents.create_and_publish(project, "budget", "draft", body(slug="draft"), None, activate=False)
    documents.create_and_publish(project, "budget", "old", body(slug="old"), None)
    documents.archive(documents.load(project, "budgets", "old"), None)
    (found,) = budgets.read(project.pk)
    assert (found.slug, found.limit, found.on_exceed, found.warn) == ("b", 100_000_000, "block", None)


# --- the ledger ----------------------------------------------------------------------------------------------------


def play(*operations: ledger.Operation) -> list[ledger.Answer]:
    with connection.cursor() as cursor:
        return ledger.run_sync(cursor, ledger.apply(connection.vendor, operations), "postgresql")


def spend(project: Project, day: str, cost: int, **who: str) -> None:
    Spend.objects.create(project=project, day=day, cost=cost, **({"flow": "support", "model": "sim/m"} | who))


def reserve(project: Project, run: int, amount: int, *found: Budget) -> ledger.Answer:
    asker = facts(project_id=project.pk, run=run)
    limits = tuple(one.limit for one in limits_of(Budgets(project.pk, found), asker, "writer", NOW))
    return play(ledger.Reserve(run, "c", amount, limits))[0]


@pytest.mark.both_databases
@pytest.mark.django_db
class TestAccounts:
    @pytest.mark.parametrize(
        ("changes", "spent"),
        [
            ({}, 7),
            ({"period": "week"}, 7 + 16),
            ({"period": "month"}, 7 + 16 + 32),
            ({"period": "total"}, 7 + 16 + 32 + 64),
            ({"subject": "agent", "of": "writer"}, 1),
            ({"subject": "flow", "of": "support"}, 3),
            ({"subject": "user", "of": "ada"}, 5),
        ],
    )
    def test_a_new_account_starts_with_what_was_spent_in_its_period(self, project, changes, spent):
        spend(project, "2026-01-31", 1, agent="writer", user="ada")
        spend(project, "2026-01-31", 2, agent="other", user="ben")
        spend(project, "2026-01-31", 4, agent="other", user="ada", flow="another")
        for day, cost in (("2026-01-26", 16), ("2026-01-01", 32), ("2025-12-31", 64)):
            spend(project, day, cost, agent="old", user="old", flow="old")
        assert reserve(project, 7, 10, parsed(**changes)).state == "held"
        row = Account.objects.get()
        assert (row.spent, row.reserved, row.limit) == (spent, 10, 5 * DOLLAR)

    def test_what_was_spent_before_a_budget_was_there_counts_against_the_first_call(self, project):
        spend(project, "2026-01-31", 4 * DOLLAR, agent="writer", user="ada")
        refused = reserve(project, 7, 2 * DOLLAR, parsed())
        assert refused.state == "refused"
        (short,) = refused.refused
        assert (short.limit, short.spent, short.reserved) == (5 * DOLLAR, 4 * DOLLAR, 0)

    def test_every_budget_that_refuses_is_named(self, project):
        found = [parsed("a", limit_usd=1), parsed("b", limit_usd=9), parsed("c", limit_usd=2)]
        refused = reserve(project, 7, 3 * DOLLAR, *found)
        assert [short.key.partition("/")[2][0] for short in refused.refused] == ["a", "c"]
        assert not any(account.reserved for account in Account.objects.all()), "all or none"

    def test_a_warning_comes_once_an_account_with_its_line_on_the_record(self, project):
        budget = parsed(warn_at=0.5)
        for run, warned in ((1, 0), (2, 1), (3, 0)):
            assert reserve(project, run, DOLLAR, budget).may_warn is (run < 3)
            settle = ledger.Settle(run, "c", int(1.3 * DOLLAR), project.pk, "2026-01-31", "support")
            (answer,) = play(settle)
            assert len(answer.warned) == warned
        (entry,) = AuditEntry.objects.filter(action="budget.warn")
        assert (entry.project_id, entry.object, entry.actor) == (project.pk, "budget/b", "system")
        assert entry.data == {
            "budget": "b",
            "account": "budget:b:project/:2026-01-31",
            "limit_usd": 5,
            "spent_usd": 2.6,
        }

    def test_after_a_raised_limit_it_warns_again_once_that_much_is_spent(self, project):
        for run, limit_usd, warned in ((1, 2, 1), (2, 2, 0), (3, 10, 0), (4, 10, 1)):
            reserve(project, run, 0, parsed(warn_at=0.5, limit_usd=limit_usd))
            settle = ledger.Settle(run, "c", int(1.3 * DOLLAR), project.pk, "2026-01-31", "support")
            (answer,) = play(settle)
            assert (run, len(answer.warned)) == (run, warned)
        assert AuditEntry.objects.filter(action="budget.warn").count() == 2

    def test_a_lowered_limit_breaks_nothing_and_a_raised_one_is_taken_over(self, project):
        assert reserve(project, 1, 4 * DOLLAR, parsed()).state == "held"
        assert reserve(project, 2, DOLLAR, parsed(limit_usd=2)).state == "waiting"
        assert reserve(project, 3, 3 * DOLLAR, parsed(limit_usd=2)).state == "refused"
        assert Account.objects.get().limit == 2 * DOLLAR
        assert reserve(project, 3, 3 * DOLLAR, parsed(limit_usd=9)).state == "held"
        assert reserve(project, 2, DOLLAR, parsed(limit_usd=9)).state == "held"


# --- meters --------------------------------------------------------------------------------------------------------


@pytest.fixture
def today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.django_db
class TestMeters:
    def test_a_new_budget_shows_what_its_accounts_would_start_with(self, project, today):
        spend(project, "2026-01-31", DOLLAR, agent="writer", user="ada")
        spend(project, "2026-01-31", 2 * DOLLAR, agent="reader", user="ada")
        documents.create_and_publish(project, "budget", "b", body(subject="agent", warn_at=0.4), None)
        (meter,) = budgets.meters(project)
        assert [(one.who, one.spent, one.share, one.state) for one in meter.accounts] == [
            ("reader", 2 * DOLLAR, 0.4, "warned"),
            ("writer", DOLLAR, 0.2, "ok"),
        ]
        assert (meter.count, meter.accounts[0].ends_at) == (2, micros(2026, 2, 1))

    def test_accounts_show_what_is_held_and_older_periods_are_gone(self, project, today):
        documents.create_and_publish(project, "budget", "b", body(), None)
        prefix = f"budget:{project.pk}/b:project/"
        Account.objects.create(key=f"{prefix}:2026-01-30", limit=5 * DOLLAR, spent=5 * DOLLAR)
        Account.objects.create(
            key=f"{prefix}:2026-01-31", limit=5 * DOLLAR, spent=DOLLAR, reserved=3 * DOLLAR
        )
        (account,) = budgets.meter(project, "b").accounts
        assert (account.spent, account.reserved, account.left) == (DOLLAR, 3 * DOLLAR, DOLLAR)
        assert (account.period, account.state) == ("2026-01-31", "ok")

    def test_a_budget_on_runs_shows_the_newest_by_their_public_identifiers(self, project, today):
        documents.create_and_publish(project, "budget", "b", body(subject="run", period="run"), None)
        for run in (7, 8):
            Account.objects.create(key=f"budget:{project.pk}/b:run/{run}:run", limit=DOLLAR, spent=run)
        meter = budgets.meter(project, "b")
        assert [(one.who, one.spent) for one in meter.accounts] == [(ids.encode(8), 8), (ids.encode(7), 7)]

    def test_the_present_limit_counts_and_one_that_is_lowered_shows_more_than_all(self, project, today):
        documents.create_and_publish(project, "budget", "b", body(limit_usd=2), None)
        Account.objects.create(
            key=f"budget:{project.pk}/b:project/:2026-01-31", limit=5 * DOLLAR, spent=3 * DOLLAR
        )
        (account,) = budgets.meter(project, "b").accounts
        assert (account.limit, account.share, account.left, account.state) == (2 * DOLLAR, 1.5, 0, "exceeded")

    def test_all_meters_take_a_fixed_number_of_queries(self, project, today, django_assert_max_num_queries):
        for number in range(8):
            slug = f"b{number}"
            documents.create_and_publish(
                project, "budget", slug, body(slug=slug, subject="user", period="month"), None
            )
        with django_assert_max_num_queries(4):
            assert len(budgets.meters(project)) == 8

    @pytest.mark.parametrize("changes", [{}, {"subject": "run", "period": "run"}], ids=["dated", "runs"])
    def test_meters_find_their_accounts_by_the_index(self, project, today, changes):
        documents.create_and_publish(project, "budget", "b", body(**changes), None)
        with CaptureQueriesContext(connection) as asked:
            budgets.meters(project)
        (query,) = (one["sql"] for one in asked if 'FROM "governance_account"' in one["sql"])
        with connection.cursor() as cursor:
            explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")  # a small table is scanned whatever there is
            cursor.execute(explain + query)
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "SCAN governance_account" not in plan and "Seq Scan" not in plan

    def test_another_projects_accounts_and_spends_are_not_seen(self, project, today):
        other = Project.objects.create(slug="beta", name="Beta")
        spend(other, "2026-01-31", DOLLAR, user="ada")
        Account.objects.create(key=f"budget:{other.pk}/b:project/:2026-01-31", limit=1, spent=1)
        documents.create_and_publish(project, "budget", "b", body(), None)
        (account,) = budgets.meter(project, "b").accounts
        assert account.spent == 0
        assert budgets.meters(other) == []


def test_a_limit_says_what_it_starts_with_and_where_it_warns():
    (applied,) = limits_of(Budgets(12, (parsed(subject="user", warn_at=0.5),)), facts(), "", NOW)
    key, opening = "budget:12/b:user/ada:2026-01-31", applied.limit.opening
    assert applied.limit == Limit(key, 5 * DOLLAR, DOLLAR * 5 // 2, opening)
    assert opening[1] == (12, "ada", "2026-01-31")
