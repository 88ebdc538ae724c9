"""`manage.py test [PYTEST OPTIONS]`: provides the servers and the browser the tests need, then runs pytest."""

import sys

from django.core.management.base import BaseCommand

from tests.provision import play


class Command(BaseCommand):
    help = "Runs all tests. Every option goes to pytest."

    def run_from_argv(self, argv: list[str]) -> None:
        # Not Django's parser: it would take pytest's options (-v, --help) for its own.
        sys.exit(play(argv[2:], self._say))

    def handle(self, *args: str, **options: object) -> None:
        sys.exit(play(list(args), self._say))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
