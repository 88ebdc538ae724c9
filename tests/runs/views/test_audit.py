"""The audit log's page: filters, pages, differences, the state of the chain, exports; and what signing in leaves."""

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import audit, clock, lockout, people
from governance.chain import looks
from governance.chain.watch import DAY_US, Watch, is_due
from governance.models import AuditEntry, Project, SignInLink, User
from tests.runs.views.people import fragment, signed_in

pytestmark = pytest.mark.both_databases

LOG = "/projects/demo/audit/"
GOOD = "correct horse battery"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def ada(demo) -> User:
    found = User.objects.get(username="ada")
    found.set_password(GOOD)
    found.save()
    return found


def page(username: str, query: str = "") -> str:
    answer = signed_in(username).get(f"{LOG}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_entry_says_who_did_what_from_where_with_its_hash(demo, ada):
    client = signed_in("ada")
    people.add_member(demo, User.objects.get(username="ben"), ["viewer", "operator"], ada)
    shown = client.get(f"{LOG}?action=member&actor=ada").content.decode()
    entry = AuditEntry.objects.filter(action="member.set").latest("id")
    assert entry.hash[:6] in shown
    assert "Set roles" in shown
    assert "ben: viewer to viewer, operator" in shown
    assert "<del>viewer</del>" in shown
    assert "<ins>viewer, operator</ins>" in shown


def test_what_is_hostile_is_shown_as_text(demo, ada):
    audit.record(
        "<i>act</i>", "agent/<script>alert(1)</script>", ada, demo, {"before": "<b>", "after": {"<u>": 1}}
    )
    shown = page("ben")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert(1)" not in shown
    assert "<i>act" not in shown
    assert "<b>&lt;" not in shown


def test_the_address_holds_the_filters(demo, ada):
    audit.record("agent.publish", "agent/writer", ada, demo, {"before": None, "after": 1})
    audit.record("run.launch", "runs/abc", None, demo)
    agents = page("ben", "?action=agent")
    assert "Published agent" in agents
    assert "Launched run" not in agents
    assert "nothing to v1" in agents
    assert "Launched run" in page("ben", "?actor=system&q=RUNS/AB")
    assert "No entry fits these filters" in page("ben", "?to=2020-01-01")
    assert "Published agent" in page("ben", "?from=2020-01-01&to=9999-12-31&since=1h")
    assert "Published agent" in page("ben", "?from=nonsense&since=nonsense&before=x")


def test_pages_lead_to_older_entries_and_back(demo, ada):
    AuditEntry.objects.bulk_create(
        AuditEntry(project=demo, at=n, actor="ada", action="run.launch", object=f"runs/n{n}.")
        for n in range(120)
    )
    client, seen, query = signed_in("ben"), [], "?action=run.launch"
    while query:
        answer = client.get(LOG + query)
        seen.append([entry.object for entry in answer.context["page"].entries])
        query = "?" + answer.context["page"].older if answer.context["page"].older else ""
    assert [len(objects) for objects in seen] == [50, 50, 20]
    assert sum(seen, []) == [f"runs/n{n}." for n in reversed(range(120))]
    newer = client.get(f"{LOG}?{answer.context['page'].newer}").context["page"].entries
    assert [entry.object for entry in newer] == seen[1]


def test_a_page_takes_as_many_queries_for_fifty_entries_as_for_one(demo, ada):
    client = signed_in("ben")
    client.get(LOG)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            client.get(f"{LOG}?action=run")
        return len(counted)

    audit.record("run.launch", "runs/1", ada, demo)
    client.get(LOG)
    one = queries()
    for number in range(60):
        audit.record("run.launch", f"runs/{number}", ada, demo)
    client.get(LOG)
    assert queries() == one


def test_htmx_gets_the_table_alone(demo):
    answer = fragment(signed_in("ben"), LOG)
    assert answer.content.decode().lstrip().startswith('<section class="card card--flush" id="audit-log"')


@pytest.mark.django_db(transaction=True)  # the head is written after a commit
def test_an_admin_verifies_the_chain_and_everybody_sees_when(demo, ada):
    assert "Nobody has verified the chain yet." in page("ben")
    assert "Verify now" not in page("ben")
    assert signed_in("ben").post(f"{LOG}verification/").status_code == 403
    answer = signed_in("ada").post(f"{LOG}verification/", follow=True).content.decode()
    count = AuditEntry.objects.filter(project=demo).count() - 1
    assert f"The chain holds: {count} entries." in answer
    assert f"Chain verified up to #{count}" in page("ben")
    assert AuditEntry.objects.get(action="audit.verify").data["entries"] == count


@pytest.mark.django_db(transaction=True)  # the head is written after a commit
def test_a_log_that_takes_long_is_left_to_the_keeper_and_looked_at_once_a_day(demo, ada):
    assert looks.look_for_a_moment(demo, ada, most_s=-1) is None
    said = page("ada")
    assert "Being verified since" in said and "Verify now" not in said
    assert AuditEntry.objects.get(action="audit.ask").actor == "ada"

    keeper = Watch(first_after_us=DAY_US)
    now = clock.now()
    keeper.tick(now)  # from here on it sees who asks
    assert looks.look_for_a_moment(demo, ada, most_s=-1) is None
    keeper.tick(now + 2_000_000)
    ended(keeper)
    looked = AuditEntry.objects.get(action="audit.verify")
    assert (looked.project, looked.actor, looked.data["broken"]) == (demo, "system", "")
    said = page("ada")
    assert "by Baton" in said and "Verify now" in said and "Being verified" not in said

    assert not is_due(demo, clock.now()) and is_due(None, clock.now())
    assert is_due(demo, looked.at + DAY_US)
    daily = Watch(first_after_us=0)
    daily.tick(clock.now())
    ended(daily)
    assert AuditEntry.objects.filter(action="audit.verify", project=None).count() == 1
    assert AuditEntry.objects.filter(action="audit.verify", project=demo).count() == 1


def ended(keeper: Watch) -> None:
    """Once its look is there: `stop` would break it off."""
    deadline = time.monotonic() + 10
    while keeper.is_at_it and time.monotonic() < deadline:
        time.sleep(0.01)
    keeper.stop()


@pytest.mark.django_db(transaction=True)  # the head is written after a commit
def test_a_broken_chain_is_said_on_the_page(demo, ada):
    page("ben")  # whoever looks sees sealed entries
    AuditEntry.objects.filter(project=demo, seq=2).update(actor="sam")
    answer = signed_in("ada").post(f"{LOG}verification/", follow=True).content.decode()
    assert "The chain is broken: entry 2: its content or its hash is not what was sealed" in answer
    assert "Chain broken" in page("ben")


def test_a_member_exports_what_is_filtered(demo, ada):
    answer = signed_in("ben").get(f"{LOG}export/?format=csv&action=member")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="audit-demo.csv"'
    assert answer.getvalue().count(b"member.set") == 2
    assert AuditEntry.objects.get(action="audit.export").actor == "ben"


@pytest.mark.django_db(transaction=True)  # the head is written after a commit
def test_the_installation_has_a_log_for_its_admins(demo, ada):
    for path in ("/audit/", "/audit/export/"):
        assert signed_in("ada").get(path).status_code == 404
    assert signed_in("ada").post("/audit/verification/").status_code == 404
    User.objects.filter(username="ada").update(is_staff=True)
    assert "Made user" in signed_in("ada").get("/audit/").content.decode()
    assert signed_in("ada").post("/audit/verification/").status_code == 302
    assert "Chain verified up to #" in signed_in("ada").get("/audit/").content.decode()


def said() -> list[tuple[str, str, str]]:
    lines = AuditEntry.objects.filter(project=None, action__startswith="user.").order_by("id")
    return [
        (line.action, line.actor, line.object)
        for line in lines
        if "." in line.action and line.action != "user.create"
    ]


def test_coming_in_and_going_out_are_on_record(ada):
    client = Client(headers={"User-Agent": "Browser 7"}, REMOTE_ADDR="192.0.2.4")
    client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    client.post("/sign-in/", {"username": "my-secret-password", "password": "ada"})
    client.post("/sign-in/", {"username": "ada", "password": GOOD})
    client.post("/sign-out/")
    client.get(f"/sign-in/{SignInLink.create_for(ada)}/")
    typed = {"old_password": GOOD, "new_password1": "x7!ab cd ef", "new_password2": "x7!ab cd ef"}
    changed = {f"password-{name}": text for name, text in typed.items()}
    assert client.post("/account/password/", changed).status_code == 302
    assert said() == [
        ("user.sign_in_failed", "system", "user/ada"),
        ("user.sign_in_failed", "system", "user/unknown"),
        ("user.sign_in", "ada", "user/ada"),
        ("user.sign_out", "ada", "user/ada"),
        ("user.sign_in", "ada", "user/ada"),
        ("user.password", "ada", "user/ada"),
    ]
    entry = AuditEntry.objects.filter(action="user.sign_in").latest("id")
    session = entry.origin.pop("session")
    assert entry.origin == {"via": "page", "address": "192.0.2.4", "agent": "Browser 7"}
    assert (entry.data, len(session)) == ({"by": "link"}, 8)
    assert AuditEntry.objects.get(action="user.password").origin["session"] == session
    everything = repr(list(AuditEntry.objects.values_list("object", "data", "origin")))
    assert "my-secret-password" not in everything
    assert client.cookies["sessionid"].value not in everything


def test_a_locked_account_is_on_record(ada):
    client = Client()
    for _ in range(lockout.MOST + 1):
        client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    assert said()[-2:] == [
        ("user.sign_in_failed", "system", "user/ada"),
        ("user.lock_out", "system", "user/ada"),
    ]
    assert 890 <= AuditEntry.objects.get(action="user.lock_out").data["seconds"] <= 900


def test_a_project_with_a_record_cannot_be_deleted(demo):
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        Project.objects.get(slug="demo").delete()
