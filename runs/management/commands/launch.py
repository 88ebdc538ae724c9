"""`manage.py launch PROJECT/FLOW`: launches a run and shows its progress (contract, section 1)."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import CommandError

from governance import access, schemas
from governance.models import Document, Project, User
from governance.refusals import Forbidden, NotFound, Problem, Refused
from runs import launch
from runs.api.runs import show_run
from runs.engine import hosting
from runs.following import Lines, Progress, follow, plain
from runs.house import House, is_taken
from runs.management.base import BatonCommand
from runs.models import Run

SUCCEEDED, FAILED, BAD_ARGUMENTS, WAITING = 0, 1, 2, 3


class Command(BatonCommand):
    help = "Launches a run and shows its progress. Exit: 0 succeeded, 1 failed, 2 bad arguments, 3 waits for a person."

    def add_arguments(self, parser):
        parser.add_argument("flow", metavar="PROJECT/FLOW")
        parser.add_argument("--input", help="the input as JSON")
        parser.add_argument("--input-file", type=Path, help="a file with the input as JSON")
        parser.add_argument("--user", default="admin", help="who launches (admin)")
        parser.add_argument("--environment", default="")
        parser.add_argument("--follow", action="store_true", help="show every step")
        parser.add_argument("--json", action="store_true", help="print the run as JSON at the end")

    def handle(self, *, flow: str, **options):
        slug, _, name = flow.partition("/")
        if not slug or not name:
            raise CommandError(
                f"{flow!r} is not PROJECT/FLOW, such as demo/customer-support.", returncode=BAD_ARGUMENTS
            )
        input = read_input(options)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # both give an own run back before the end
        house = None
        try:
            house = self._open_house()
            run = self._launch(slug, name, input, options)
            status = self._follow(run, options)
        except KeyboardInterrupt:
            self.stderr.write("Stopped watching; the run goes on where a server runs, or at the next start.")
            status = FAILED
        except BrokenPipeError:
            sys.stdout = None  # whoever read it is gone: there is nothing to flush at the exit
            status = FAILED
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            if house is not None:
                house.close()
        sys.exit(status)

    def _open_house(self) -> House | None:
        """On its own, this process executes the run; beside a running server, that does."""
        if not settings.EMBEDDED or is_taken():
            return None
        house = House()
        link = house.open("for one launch")
        if link is not None:
            self.stderr.write(f"Sign in once, after `manage.py serve`: http://127.0.0.1:8000/sign-in/{link}/")
        hosting.start(sole=True)
        return house

    def _launch(self, slug: str, name: str, input: Any, options: dict) -> Run:
        try:
            user = User.objects.get(username=options["user"])
            project = access.project_or_404(user, slug, "launch")
            run, _ = launch.launch(
                project,
                name,
                input,
                user=user,
                environment=options["environment"],
                trigger="command",
            )
        except User.DoesNotExist as error:
            raise CommandError(
                f"There is no user {options['user']!r}: name another with --user.", returncode=BAD_ARGUMENTS
            ) from error
        except NotFound as error:
            raise CommandError(f"{error} ({what_there_is(slug)})", returncode=BAD_ARGUMENTS) from error
        except launch.LaunchRefused as error:
            raise CommandError(
                sentence(error), returncode=BAD_ARGUMENTS if error.errors else FAILED
            ) from error
        except (Forbidden, Refused) as error:
            raise CommandError(str(error), returncode=FAILED) from error
        return run

    def _follow(self, run: Run, options: dict) -> int:
        view = None
        if options["follow"] and not options["json"]:
            view = Progress(self.stdout) if self.stdout.isatty() else Lines(self.stdout)
        run = follow(run, view)
        if options["json"]:
            self.stdout.write(orjson.dumps(show_run(run), option=orjson.OPT_INDENT_2).decode())
        else:
            self._tell(run)
        return {"succeeded": SUCCEEDED, "waiting": WAITING}.get(run.status, FAILED)

    def _tell(self, run: Run) -> None:
        self.stdout.write(f"{run.public_id} {run.status} ${run.cost / 1e9:.6f}")
        if run.status == "succeeded":
            self.stdout.write(run.output or "null")
        elif run.status == "waiting":
            for wait in orjson.loads(run.waiting):
                self.stdout.write(
                    f"waits at {wait['node']} for {wait['kind']} {wait.get('id') or wait.get('until') or ''}"
                )
        elif run.error:
            error = orjson.loads(run.error)
            where = f" at {error['node']}" if error.get("node") else ""
            self.stderr.write(f"{error['code']}{where}: {plain(error['message'])}")


def read_input(options: dict):
    """The launch's input; `{}` where none is given. Raises CommandError with what is wrong with it."""
    text, source = options["input"], "--input"
    if options["input_file"] is not None:
        source = f"--input-file {options['input_file']}"
        if text is not None:
            raise CommandError("Give --input or --input-file, not both.", returncode=BAD_ARGUMENTS)
        try:
            text = options["input_file"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{source} cannot be read: {error}", returncode=BAD_ARGUMENTS) from error
    try:
        input = orjson.loads(text) if text is not None else {}
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{source} is not JSON: {error}", returncode=BAD_ARGUMENTS) from error
    if problems := schemas.plain_problems(input):
        raise CommandError(f"{source} cannot be used:{listed(problems)}", returncode=BAD_ARGUMENTS)
    return input


def what_there_is(slug: str) -> str:
    """The flows of the project, or the projects where there is no such one."""
    active = Document.objects.filter(project__slug=slug, kind="flow", active__isnull=False, archived_at=None)
    flows = ", ".join(active.order_by("slug").values_list("slug", flat=True)[:20])
    if flows:
        return f"flows: {flows}"
    return f"projects: {', '.join(Project.objects.order_by('slug').values_list('slug', flat=True)[:20])}"


def sentence(refused: launch.LaunchRefused) -> str:
    return f"{refused.detail}{listed(refused.errors)}"


def listed(problems: Sequence[Problem]) -> str:
    return "".join(f"\n  {problem.pointer or '/'}: {problem.message}" for problem in problems)
