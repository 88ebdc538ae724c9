"""The audit log's chain: what was sealed stays provable, and whatever is changed below it is found and named."""

import json
import shutil
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from governance import audit, origin, people
from governance.chain import head as heads
from governance.chain import sealing, verification
from governance.models import AuditEntry, Project

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def demo(db) -> Project:
    """Project `demo` with a log of 12 sealed entries; outside projects there are 2."""
    ada = people.create_user("ada", None)
    project = people.create_project("demo", "Demo", ada)
    people.create_user("ben", ada)
    for number in range(11):
        audit.record(
            "agent.publish", f"agent/writer-{number}", ada, project, {"before": number, "after": "ü"}
        )
    assert sealing.seal_all() == 14
    return project


def verified() -> list[str]:
    """What is broken, in words."""
    return [str(broken) for broken in verification.verify(heads.read()).broken]


def execute(statement: str, *given) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


def row(project: Project, seq: int) -> AuditEntry:
    return AuditEntry.objects.get(project=project, seq=seq)


def test_entries_get_dense_numbers_in_every_project_and_hang_together(demo):
    other = people.create_project("other", "Other", None)
    sealing.seal_all()
    entries = list(AuditEntry.objects.filter(project=demo).order_by("seq"))
    assert [entry.seq for entry in entries] == list(range(1, 13))
    assert [entry.prev for entry in entries] == ["", *(entry.hash for entry in entries[:-1])]
    assert len({entry.hash for entry in entries}) == 12
    assert row(other, 1).prev == ""
    assert list(AuditEntry.objects.filter(project=None).order_by("id").values_list("seq", flat=True)) == [
        1,
        2,
    ]
    assert verified() == []


def test_a_later_entry_goes_on_where_the_chain_ended(demo):
    before = row(demo, 12)
    audit.record("project.rename", "project/demo", None, demo)
    assert (sealing.seal(), sealing.seal()) == (1, 0)
    assert row(demo, 13).prev == before.hash
    assert verified() == []


def test_many_entries_are_sealed_in_portions(demo):
    for _ in range(25):
        audit.record("run.launch", "runs/x", None, demo)
    assert [sealing.seal(10), sealing.seal(10), sealing.seal(10), sealing.seal(10)] == [10, 10, 5, 0]
    assert row(demo, 37).seq == 37
    assert verified() == []


CHANGES = {
    "at": "UPDATE governance_auditentry SET at = at + 1 WHERE id = %s",
    "actor": "UPDATE governance_auditentry SET actor = 'bda' WHERE id = %s",
    "action": "UPDATE governance_auditentry SET action = 'agent.publisg' WHERE id = %s",
    "object": "UPDATE governance_auditentry SET object = 'agent/writer-9' WHERE id = %s",
    "data": "UPDATE governance_auditentry SET data = replace(data, 'fc', 'fd') WHERE id = %s",
    "same JSON": "UPDATE governance_auditentry SET data = replace(data, '00fc', '00FC') WHERE id = %s",
    "origin": "UPDATE governance_auditentry SET origin = replace(origin, 'engine', 'enginf') WHERE id = %s",
    "hash": "UPDATE governance_auditentry SET hash = reverse_of(hash) WHERE id = %s",
    "prev": "UPDATE governance_auditentry SET prev = '' WHERE id = %s",
    "id": "UPDATE governance_auditentry SET id = id + 1000000 WHERE id = %s",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_of_any_column_is_found_at_its_entry(demo, column):
    statement, entry = CHANGES[column], row(demo, 5)
    if column == "hash":
        AuditEntry.objects.filter(pk=entry.pk).update(
            hash=("0" if entry.hash[0] != "0" else "1") + entry.hash[1:]
        )
    else:
        execute(statement, entry.pk)
    (broken,) = verified()
    assert broken.startswith("project demo, entry 5: ")


def test_a_changed_previous_hash_is_told_from_changed_content(demo):
    execute(CHANGES["prev"], row(demo, 5).pk)
    assert "its previous hash was changed" in verified()[0]
    execute("UPDATE governance_auditentry SET actor = 'x' WHERE id = %s", row(demo, 3).pk)
    assert verified()[0].startswith("project demo, entry 3: its content or its hash is not what was sealed")


def test_an_entry_moved_to_another_project_is_missed(demo):
    other = people.create_project("other", "Other", None)
    execute("UPDATE governance_auditentry SET project_id = %s WHERE id = %s", other.pk, row(demo, 5).pk)
    assert "project demo, entry 5: it is missing" in verified()


def test_a_number_that_was_taken_away_is_not_given_again(demo):
    execute("UPDATE governance_auditentry SET seq = NULL WHERE id = %s", row(demo, 12).pk)
    assert sealing.seal_all() == 1
    assert verified() == ["project demo, entry 12: it is missing"]


def test_deleted_entries_are_missed(demo):
    row(demo, 5).delete()
    assert verified() == ["project demo, entry 5: it is missing"]
    row(demo, 6).delete()
    assert verified() == ["project demo, entry 5: it is missing, and all others before entry 7"]


def test_a_log_that_was_cut_off_shows_and_goes_on_showing(demo):
    AuditEntry.objects.filter(project=demo, seq__gte=10).delete()
    told = ["project demo, entry 10: the log was cut off here: entries up to 12 are missing"]
    assert verified() == told
    audit.record("project.rename", "project/demo", None, demo)
    sealing.seal_all()
    assert AuditEntry.objects.latest("id").seq == 13
    assert verified() == ["project demo, entry 10: it is missing, and all others before entry 13"]


def test_a_project_whose_whole_log_was_deleted_shows(demo):
    AuditEntry.objects.filter(project=demo).delete()
    assert verified() == ["project demo, entry 1: the log was cut off here: entries up to 12 are missing"]


@pytest.mark.parametrize("others", [(4, 5), (3, 9)])
def test_two_entries_that_changed_places_are_told(demo, others):
    first, second = (row(demo, seq) for seq in others)
    AuditEntry.objects.filter(pk=first.pk).update(seq=None)
    AuditEntry.objects.filter(pk=second.pk).update(seq=first.seq)
    AuditEntry.objects.filter(pk=first.pk).update(seq=second.seq)
    (broken,) = verified()
    assert broken.startswith(
        f"project demo, entry {others[0]}: the order was changed: here stands what was sealed as entry {others[1]}"
    )


def forge_from(project: Project, seq: int) -> None:
    """Computes the chain anew from an entry on, as whoever can write the database but lacks the key could."""
    from governance.chain import rows

    entries = {entry.seq: entry for entry in rows.in_order(project.pk)}
    before = entries[seq - 1].hash
    for number in range(seq, max(entries) + 1):
        made = entries[number].sealed(number, before)
        AuditEntry.objects.filter(pk=made.id).update(prev=made.prev, hash=made.hash)
        before = made.hash


def test_a_chain_that_was_computed_anew_does_not_fit_the_head_then_or_later(demo):
    execute("UPDATE governance_auditentry SET actor = 'sam' WHERE id = %s", row(demo, 5).pk)
    forge_from(demo, 5)
    told = "project demo, entry 12: it is not the entry that the head file knows: the chain was computed anew"
    assert verified() == [told]
    audit.record("project.rename", "project/demo", None, demo)
    sealing.seal_all()
    (broken,) = verified()
    assert broken.startswith("project demo, entry 13: ")


def command(*arguments: str) -> str:
    """What verify-audit says; a CommandError where it exits 1."""
    from io import StringIO

    said = StringIO()
    call_command("verify-audit", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_says_how_many_entries_there_are_and_their_head(demo):
    said = command()
    assert said.startswith("The audit log is whole: 14 entries, head ")
    assert said == command()
    audit.record("project.rename", "project/demo", None, demo)
    fresh = command()
    assert fresh.startswith("1 newer entries are not sealed yet")
    assert "whole: 14 entries" in fresh


@pytest.mark.parametrize("harm", ["missing", "changed", "other key", "no JSON", "no text", "older"])
def test_a_head_that_is_missing_or_forged_is_told(demo, folder, settings, harm):
    file = folder / "audit-head.json"
    kept = json.loads(file.read_text())
    if harm == "missing":
        file.unlink()
    elif harm == "changed":
        kept["content"] = kept["content"].replace("[12,", "[11,")
        file.write_text(json.dumps(kept))
    elif harm == "other key":
        settings.SECRET_KEY = "x" * 50
        heads.write(heads.Head(at=1))
        settings.SECRET_KEY = "y" * 50
    elif harm == "no text":
        file.write_bytes(b"\xff\xfe")
    elif harm == "older":
        older = file.read_text()
        audit.record("project.rename", "project/demo", None, demo)
        sealing.seal_all()
        file.write_text(older)
        assert "1 entries were sealed after this folder's head was written." in command()
        return
    else:
        file.write_text("{}")
    words = "is missing" if harm == "missing" else "was changed, or made with another BATON_SECRET_KEY"
    with pytest.raises(CommandError, match=words) as refused:
        command()
    assert refused.value.returncode == 1


def test_a_forged_head_is_put_aside_and_told_until_somebody_looked(demo, folder):
    (folder / "audit-head.json").write_text("{}")
    audit.record("project.rename", "project/demo", None, demo)
    sealing.seal_all()
    with pytest.raises(CommandError, match="This head file was not ours: look into it, then delete it"):
        command()
    told = AuditEntry.objects.get(action="audit.head")
    assert (told.actor, told.data) == ("system", {"because": "forged", "entries": 14})
    for refused in heads.refused():
        refused.unlink()
    assert "The head file was begun anew at " in command()


def test_the_newest_head_of_several_folders_counts(demo, folder, settings, tmp_path):
    older = tmp_path / "older.json"
    shutil.copy(folder / "audit-head.json", older)
    audit.record("project.rename", "project/demo", None, demo)
    sealing.seal_all()
    AuditEntry.objects.filter(project=demo, seq=13).delete()
    newer = tmp_path / "newer.json"
    shutil.move(folder / "audit-head.json", newer)
    shutil.copy(older, folder / "audit-head.json")
    assert "whole" in command()
    with pytest.raises(CommandError, match="entry 13: the log was cut off here"):
        command("--head", str(newer))


def test_sealers_at_the_same_moment_make_one_chain(demo, folder, settings):
    def act(number: int) -> None:
        for turn in range(10):
            with transaction.atomic():
                audit.record("run.launch", f"runs/{number}-{turn}", None, demo)
            sealing.seal()
        connection.close()

    threads = [threading.Thread(target=act, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealing.seal_all()
    assert AuditEntry.objects.filter(project=demo, seq__gt=0).count() == 72
    assert (verified(), row(demo, 72).seq) == ([], 72)


def test_an_act_that_is_rolled_back_leaves_no_gap(demo):
    class GoneWrong(Exception):
        pass

    with pytest.raises(GoneWrong), transaction.atomic():
        audit.record("run.launch", "runs/x", None, demo)
        raise GoneWrong
    audit.record("run.launch", "runs/y", None, demo)
    sealing.seal_all()
    assert (row(demo, 13).object, verified()) == ("runs/y", [])


def test_entries_say_where_they_come_from(demo):
    assert row(demo, 3).origin == {"via": "engine"}
    with origin.of("page", address="192.0.2.7", agent="", session="ab"):
        origin.add(token="t")
        entry = audit.record("project.rename", "project/demo", None, demo)
    assert entry.origin == {"via": "page", "address": "192.0.2.7", "session": "ab", "token": "t"}
    assert origin.current() == {"via": "engine"}
