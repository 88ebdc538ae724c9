"""The page of breakers: what is left alone, why, until when, and an admin who closes one early; the notice at home."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import people
from governance.models import AuditEntry, User
from registry.models import BreakerOpening
from tests.left_alone import MICROS, opening
from tests.runs.views.people import fragment, signed_in

pytestmark = pytest.mark.both_databases
BREAKERS, HOME = "/projects/demo/breakers/", "/projects/demo/"


def page(username: str, address: str = BREAKERS) -> str:
    answer = signed_in(username).get(address)
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def moved(row: BreakerOpening, **by_s: int) -> None:
    for name, seconds in by_s.items():
        setattr(row, name, getattr(row, name) + seconds * MICROS)
    row.save()


def test_where_nothing_failed_the_page_says_what_would_be_here(demo):
    said = words(page("ben"))
    assert "fails 5 times within 60 seconds is left alone" in said
    assert "After 30 seconds one call is let through" in said
    assert "Nothing is left alone" in said and "Lately closed" not in said


def test_a_peer_is_shown_once_however_many_processes_leave_it_alone(demo):
    opening(demo, runs=["0000000000001"], refused=4)
    opening(demo, process="there:2:cd", runs=["0000000000001", "0000000000002"], refused=3)
    html = page("ben")
    said = words(html)
    assert html.count("<tbody><tr>") == 1 and html.count('scope="row"') == 1
    assert "Left alone by 2 processes house/small answered 500: overloaded provider_error" in said
    assert "5 failures · 7 calls refused 0000000000001 0000000000002" in said
    assert 'href="/projects/demo/providers/house/"' in html and 'href="/runs/0000000000002/"' in html


@pytest.mark.parametrize(
    ("by_s", "said"),
    [
        ({}, "Left alone"),
        ({"probe_at": -60}, "Next call is tried"),
        ({"probe_at": -90, "heard_at": -90}, "Not heard of since"),
    ],
)
def test_the_state_is_told_in_words(demo, by_s, said):
    moved(opening(demo), **by_s)
    assert said in words(page("ben")).partition("Actions")[2]


def test_what_a_peer_said_stays_text(demo):
    opening(demo, kind="agent", slug="", model="<b>m</b>", message="<script>alert(1)</script>")
    html = fragment(signed_in("ben"), BREAKERS).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "&lt;b&gt;m&lt;/b&gt;" in html
    assert "<script>" not in html and "<html" not in html


def test_an_admin_closes_it_without_script_and_it_is_on_record(demo):
    row, other = opening(demo), opening(demo, process="there:2:cd")
    ada = signed_in("ada")
    action = re.search(r'action="([^"]+/closing/)"', page("ada"))[1]
    done = ada.post(action, follow=True).content.decode()
    assert "Calls to the provider house go out again within a second." in words(done)
    assert "by ada" in words(done).partition("Lately closed")[2]
    assert set(BreakerOpening.objects.values_list("closing", "closed_by")) == {("person", "ada")}
    (entry,) = AuditEntry.objects.filter(action="breaker.closed")
    assert (entry.actor, entry.object) == ("ada", "provider/house")
    assert "closed already" in ada.post(f"{BREAKERS}{other.public_id}/closing/", follow=True).content.decode()
    log = words(page("ada", "/projects/demo/audit/"))
    assert "Breaker closed" in log
    assert BreakerOpening.objects.filter(pk=row.pk, closed_at__isnull=False).exists()


def test_a_reader_is_offered_nothing_and_may_nothing(demo):
    row = opening(demo)
    assert "<form" not in page("ben")
    assert signed_in("ben").post(f"{BREAKERS}{row.public_id}/closing/").status_code == 403
    assert signed_in("sam").post(f"{BREAKERS}{row.public_id}/closing/").status_code == 404
    assert BreakerOpening.objects.filter(closed_at=None).count() == 1


def test_home_tells_who_can_mend_it_and_nobody_else(demo):
    people.add_member(demo, people.create_user("olu", None), ["operator"], None)
    opening(demo)
    opening(demo, process="there:2:cd")
    moved(opening(demo, slug="gone"), heard_at=-90)
    moved(opening(demo, slug="forgotten"), probe_at=-640)
    for name in ("ada", "olu"):
        said = words(page(name, HOME))
        assert said.count("kept failing and is left alone") == 1
        assert (
            "The provider house kept failing and is left alone. house/small answered 500: overloaded" in said
        )
    for name in ("ben", "rita"):
        with CaptureQueriesContext(connection) as asked:
            assert "left alone" not in page(name, HOME)
        assert not any("registry_breakeropening" in query["sql"] for query in asked)
    opening(demo, kind="agent", slug="writer", model="house/small")
    assert "2 kept failing and are left alone: agent writer, provider house" in words(page("ada", HOME))
    part = fragment(signed_in("ada"), HOME).content.decode()
    assert f'href="{BREAKERS}"' in part
    BreakerOpening.objects.update(closed_at=1, closing="probe")
    assert "left alone" not in page("ada", HOME)
    assert User.objects.count() == 5
