"""`manage.py verify-audit`: is the audit log what was sealed? (contract, section 1)"""

from pathlib import Path

from django.core.management.base import CommandError

from governance import clock
from governance.chain import head as heads
from governance.chain import verification
from governance.chain.head import Head, HeadForged, HeadMissing
from runs.management.base import REFUSED, BatonCommand


class Command(BatonCommand):
    help = "Checks the audit log's hash chain; names the first broken link of each project's log, exit 1."
    seals = False  # who looks into it changes nothing

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--head",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="audit-head.json of another data folder that shares the database; the newest counts",
        )

    def handle(self, *, head: list[Path], **options) -> None:
        newest, faults = heads_of(head)
        found = verification.verify(newest)
        if not found.entries and not heads.path().exists():
            faults.pop(heads.path(), None)  # a log in which nothing is sealed yet has no head
        faults |= {
            one: "This head file was not ours: look into it, then delete it." for one in heads.refused()
        }
        if waiting := verification.waiting_words():
            self.stdout.write(waiting)
        if faults or found.broken:
            told = [f"{file}: {fault}" for file, fault in faults.items()] + [str(one) for one in found.broken]
            raise CommandError("The audit log is broken.\n" + "\n".join(told), returncode=REFUSED)
        self.tell(found, newest)

    def tell(self, found: verification.Verified, newest: Head) -> None:
        if newest.begun_because not in ("", "new"):
            since = clock.show(newest.begun_at)
            self.stdout.write(
                f"The head file was begun anew at {since}: the one before was {newest.begun_because}."
            )
        if found.past_head:
            self.stdout.write(f"{found.past_head} entries were sealed after this folder's head was written.")
        self.stdout.write(f"The audit log is whole: {found.entries} entries, head {found.mark}")


def heads_of(others: list[Path]) -> tuple[Head, dict[Path, str]]:
    """The newest head that can be believed, and what is wrong with those that cannot, by file."""
    believed, faults = [], {}
    for file in [heads.path(), *others]:
        try:
            believed.append(heads.read(file))
        except (HeadMissing, HeadForged) as error:
            faults[file] = str(error)
        except OSError as error:
            faults[file] = f"It cannot be read: {error.strerror}."
    return max(believed, key=lambda one: one.at, default=Head()), faults
