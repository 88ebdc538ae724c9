"""The audit log over HTTP: its entries, its filters, its exports."""

import csv
import hashlib
import io
import json

import pytest

from governance import audit, people
from governance.models import AuditEntry, User

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def acts(project):
    """Ada's and Ben's acts on the first days of 2026; before them what made the project."""
    ada, ben = (User.objects.get(username=name) for name in ("ada", "ben"))
    given = [
        (ada, "agent.publish", "agent/writer", 1),
        (ben, "run.launch", "runs/1", 2),
        (ada, "agent.archive", "agent/writer", 3),
        (None, "run.launchpad", "runs/2", 4),
    ]
    for actor, action, thing, day in given:
        made = audit.record(action, thing, actor, project, {"before": 1, "after": 2})
        AuditEntry.objects.filter(pk=made.pk).update(at=1_767_225_600_000_000 + (day - 1) * 86_400_000_000)


def listed(caller, query: str) -> list[str]:
    return [row["action"] for row in caller.get(f"projects/demo/audit/?{query}").json()["results"]]


def test_entries_have_dense_numbers_and_hang_together(ben, acts):
    rows = ben.get("projects/demo/audit/?limit=500").json()["results"]
    assert [row["seq"] for row in rows] == list(range(len(rows), 0, -1))
    assert [row["prev"] for row in rows[:-1]] == [row["hash"] for row in rows[1:]]
    assert (rows[-1]["prev"], len(rows[-1]["hash"])) == (None, 64)


def test_pages_go_on_where_the_one_before_ended(ben, acts):
    path, seen = "projects/demo/audit/?limit=3", []
    while path:
        page = ben.get(path).json()
        seen += [row["seq"] for row in page["results"]]
        path = page["next"]
    assert seen == list(range(max(seen), 0, -1))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=ben", ["run.launch"]),
        ("actor=system&action=run", ["run.launchpad"]),
        ("action=agent", ["agent.archive", "agent.publish"]),
        ("action=run.launch", ["run.launch"]),
        ("object=agent/writer", ["agent.archive", "agent.publish"]),
        ("object=agent", ["agent.archive", "agent.publish"]),
        ("object=runs/1", ["run.launch"]),
        ("since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z", ["run.launch"]),
        ("until=2026-01-01T00:00:01Z", ["agent.publish"]),
        ("action=agent&since=2026-01-02T00:00:00Z&actor=ada", ["agent.archive"]),
        ("actor=nobody", []),
    ],
)
def test_entries_are_filtered(ben, acts, query, expected):
    assert listed(ben, query) == expected


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "until=1", "actor=", "colour=red", "action=a&action=b", "format=csv", "limit=0"],
)
def test_a_filter_that_means_nothing_is_refused(ben, query):
    assert ben.get(f"projects/demo/audit/?{query}").status_code == 422


def test_entries_say_where_they_come_from(ada, ben):
    ada.patch("projects/demo/", {"name": "Other"}, HTTP_USER_AGENT="robot/1\x07", REMOTE_ADDR="192.0.2.1")
    entry = ben.get("projects/demo/audit/?limit=1").json()["results"][0]
    token = entry["origin"].pop("token")
    assert entry["origin"] == {"via": "api", "address": "192.0.2.1", "agent": "robot/1\ufffd"}
    assert token.endswith(" tests")
    assert ada.token not in json.dumps(entry)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "203.0.113.9", "10.0.0.5"),
        (("10.0.0.0/8",), "203.0.113.9", "203.0.113.9"),
        (("10.0.0.0/8",), "203.0.113.9, 10.0.0.7", "203.0.113.9"),
        (("10.0.0.0/8",), "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (("10.0.0.0/8",), "<script>", "10.0.0.5"),
        (("10.0.0.0/8",), "", "10.0.0.5"),
        (("192.0.2.0/24",), "203.0.113.9", "10.0.0.5"),
    ],
)
def test_what_proxies_say_counts_where_the_settings_name_them(
    ada, ben, settings, trusted, forwarded, address
):
    from config.env import networks

    settings.TRUSTED_PROXIES = networks(" ".join(trusted))
    ada.patch("projects/demo/", {"name": "X"}, REMOTE_ADDR="10.0.0.5", HTTP_X_FORWARDED_FOR=forwarded)
    assert ben.get("projects/demo/audit/?limit=1").json()["results"][0]["origin"]["address"] == address


def exported(caller, query: str) -> bytes:
    answer = caller.get(f"projects/demo/audit/export/?{query}")
    assert answer.status_code == 200
    return answer.getvalue()


def test_an_export_in_lines_of_json_proves_itself(ben, acts):
    lines = [json.loads(line) for line in exported(ben, "format=jsonl").splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    before = ""
    for line in lines:
        assert hashlib.sha256(line["sealed"].encode()).hexdigest() == line["hash"]
        sealed = json.loads(line["sealed"])
        assert (sealed["prev"], sealed["seq"], sealed["actor"]) == (before, line["seq"], line["actor"])
        before = line["hash"]
    assert (lines[-1]["action"], lines[-1]["data"]) == ("audit.export", {"format": "jsonl"})


def test_an_export_holds_what_was_asked_for_and_says_so(ben, acts):
    rows = list(csv.DictReader(io.StringIO(exported(ben, "format=csv&action=agent").decode())))
    assert [row["action"] for row in rows] == ["agent.publish", "agent.archive"]
    last = ben.get("projects/demo/audit/?limit=1").json()["results"][0]
    assert (last["action"], last["actor"], last["data"]) == (
        "audit.export",
        "ben",
        {"format": "csv", "action": "agent"},
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_a_table_is_a_formula(ben, project, start):
    audit.record("run.launch", f'{start}cmd|" /C calc"!A1', f"{start}1+1", project)
    row = list(csv.DictReader(io.StringIO(exported(ben, "action=run&format=csv").decode(), newline="")))[-1]
    assert (row["object"], row["actor"]) == (f'\'{start}cmd|" /C calc"!A1', f"'{start}1+1")


def test_a_long_export_is_whole(ben, project):
    AuditEntry.objects.bulk_create(
        AuditEntry(project=project, at=n, actor="ada", action="run.launch", object=f"runs/{n}")
        for n in range(1203)
    )
    lines = exported(ben, "format=jsonl&action=run").splitlines()
    assert [json.loads(line)["object"] for line in lines] == [f"runs/{n}" for n in range(1203)]


def test_the_log_outside_projects_is_for_admins_of_the_installation(ada, caller, project):
    for path in ("audit/", "audit/export/"):
        assert ada.get(path).status_code == 403
    User.objects.filter(username="ada").update(is_staff=True)
    assert ada.get("audit/?action=token").json()["results"][0]["object"].startswith("token/")
    assert ada.get("audit/export/?format=csv").getvalue().startswith(b"seq,at,actor,")
    assert caller("ada", project=project).get("audit/").status_code == 403


def test_the_log_of_one_project_holds_nothing_of_another(ben, caller, sam, project):
    people.rename_project(User.objects.get(username="sam").memberships.get().project, "Renamed", sam)
    assert "Renamed" not in exported(ben, "").decode()
    assert caller("sam").get("projects/demo/audit/export/").status_code == 404


def test_entries_that_somebody_garbled_in_the_database_are_shown_as_they_are(ben, acts):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE governance_auditentry SET data = '{nonsense' WHERE action = 'run.launch'")
    assert [row["data"] for row in ben.get("projects/demo/audit/?action=run.launch").json()["results"]] == [
        "{nonsense"
    ]
    assert b"{nonsense" in exported(ben, "format=csv")
    assert json.loads(exported(ben, "action=run.launch").splitlines()[0])["data"] == "{nonsense"
