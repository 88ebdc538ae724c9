"""Which peers are left alone, for members; closing a breaker early, for admins."""

import pytest

from governance.models import AuditEntry
from registry.models import BreakerOpening
from tests.left_alone import MICROS, opening

pytestmark = pytest.mark.both_databases
BREAKERS = "projects/demo/breakers/"


def test_a_reader_sees_what_is_open_and_what_was(ben, project):
    said = opening(project, runs=["0000000000001"], refused=3)
    opening(
        project, kind="agent", slug="writer", model="house/small", closed_at=said.opened_at, closing="probe"
    )
    (shown,) = ben.get(f"{BREAKERS}?open=true").json()["results"]
    assert shown == {
        "id": said.public_id,
        "kind": "provider",
        "slug": "house",
        "model": None,
        "state": "open",
        "opened_at": shown["opened_at"],
        "probe_at": shown["probe_at"],
        "heard_at": shown["heard_at"],
        "failures": 5,
        "refused": 3,
        "error": {"code": "provider_error", "message": "house/small answered 500: overloaded"},
        "runs": ["0000000000001"],
        "process": "here:1:ab",
        "closed_at": None,
        "closing": None,
        "closed_by": None,
    }
    assert [one["state"] for one in ben.get(BREAKERS).json()["results"]] == ["closed", "open"]


@pytest.mark.parametrize(
    ("moved", "state"),
    [({}, "open"), ({"probe_at": 0}, "half_open"), ({"probe_at": 0, "heard_at": 0}, "lost")],
)
def test_the_state_is_told_by_the_times(ben, project, moved, state):
    row = opening(project)
    changed = {name: getattr(row, name) - 90 * MICROS for name in moved}
    BreakerOpening.objects.update(**changed)
    assert ben.get(BREAKERS).json()["results"][0]["state"] == state


def test_an_admin_closes_it_in_every_process_and_is_on_record(ada, project):
    first, second, other = (
        opening(project),
        opening(project, process="there:2:cd"),
        opening(project, slug="else"),
    )
    answer = ada.post(f"{BREAKERS}{first.public_id}/closing/")
    assert (answer.status_code, answer.json()["state"], answer.json()["closed_by"]) == (202, "closed", "ada")
    assert list(BreakerOpening.objects.filter(closed_at=None)) == [other]
    entry = AuditEntry.objects.get(action="breaker.closed")
    assert (entry.actor, entry.object, entry.data) == ("ada", "provider/house", {"by": "person"})
    again = ada.post(f"{BREAKERS}{second.public_id}/closing/")
    assert again.status_code == 409 and "closed already" in again.json()["detail"]
    assert ada.post(f"{BREAKERS}0000000000001/closing/").status_code == 404
