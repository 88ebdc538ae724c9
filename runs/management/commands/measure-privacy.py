"""`manage.py measure-privacy`: how well personal data and secrets are found, on the labelled items that come along."""

from pathlib import Path

from django.core.management.base import CommandError

from governance.detection import ENTITIES, measuring
from governance.detection.measuring import Miss, Score
from governance.privacy import trying
from runs.management.base import BatonCommand

ROW = "{:<16}{:>8}{:>8}{:>8}{:>11}{:>9}{:>8}"


class Command(BatonCommand):
    help = "Prints precision, recall and F1 by entity on the labelled items that come with Baton, or on your own."
    seals = False

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--items",
            type=Path,
            default=measuring.ITEMS,
            metavar="FILE",
            help="one item a line: Mail ⟦EMAIL_ADDRESS|a@b.de⟧",
        )
        parser.add_argument(
            "--misses", action="store_true", help="also print what was missed or wrongly said"
        )

    def handle(self, *, items: Path, misses: bool, **options) -> None:
        try:
            labelled = list(measuring.items(items))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{items} cannot be read ({error}): name a text file in UTF-8.") from error
        scores, wrong = measuring.measure(labelled)
        self.stdout.write(f"{len(labelled)} items; found means: entity, start and end exactly right.")
        self.stdout.write(ROW.format("entity", "labels", "right", "said", "precision", "recall", "F1"))
        for name, score in scores.items():
            self.stdout.write(row(name, score))
        for miss in wrong if misses else ():
            self.stdout.write(sentence(miss))
        if note := trying.undetected()["note"]:
            self.stdout.write(note)


def row(name: str, score: Score) -> str:
    shown = (f"{number:.3f}" for number in (score.precision, score.recall, score.f1))
    return ROW.format(
        name if name in ENTITIES else name.upper(), score.labels, score.right, score.said, *shown
    )


def sentence(miss: Miss) -> str:
    return f"{miss.text!r}: missed {miss.missed or 'nothing'}, wrongly said {miss.wrong or 'nothing'}"
