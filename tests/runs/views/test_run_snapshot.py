"""A page shows one moment of a run, while whoever drives it goes on writing."""

from threading import Thread

import pytest
from django.db import connection

from governance import people
from runs.models import Run
from runs.views.run.snapshot import snapshot
from tests.runs.views.history import store_run


@pytest.fixture
def run(transactional_db) -> Run:
    project = people.create_project("demo", "Demo", people.create_user("ada", None))
    return store_run(project, None, 1_795_000_000_000_000, status="running", seq=7)


def write(run: Run, seq: int) -> None:
    """As the engine does: from another thread, on a connection of its own."""

    def update() -> None:
        Run.objects.filter(id=run.id).update(seq=seq)
        connection.close()

    writer = Thread(target=update)
    writer.start()
    writer.join(10)
    assert not writer.is_alive(), "a page that is being read keeps nobody from writing"


def seq_of(run: Run) -> int:
    return Run.objects.values_list("seq", flat=True).get(id=run.id)


def test_what_is_read_in_a_snapshot_belongs_to_one_moment(run):
    with snapshot():
        assert seq_of(run) == 7
        write(run, 8)
        assert seq_of(run) == 7
    assert seq_of(run) == 8


def test_after_an_error_the_connection_is_free_again(run):
    with pytest.raises(Run.DoesNotExist), snapshot():
        Run.objects.get(id=1)
    write(run, 9)
    assert seq_of(run) == 9
