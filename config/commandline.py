"""The command line: Django's, whose help shows Baton's commands first and what they do."""

import textwrap

from django.core.management import ManagementUtility, get_commands, load_command_class

from governance import origin

OURS = "runs"
WIDTH = 100


class CommandLine(ManagementUtility):
    """`CommandLine(argv).execute()`."""

    def execute(self) -> None:
        with origin.of(origin.COMMAND_LINE):
            super().execute()

    def main_help_text(self, commands_only: bool = False) -> str:
        if commands_only:
            return super().main_help_text(commands_only=True)
        commands = get_commands()
        ours = sorted(name for name, app in commands.items() if app == OURS)
        others = ", ".join(sorted(commands.keys() - set(ours)))
        return "\n".join(
            [
                f"Baton. {self.prog_name} help COMMAND says what a command takes.",
                "",
                *(_line(name) for name in ours),
                "",
                textwrap.fill(f"Django's own: {others}", WIDTH, subsequent_indent="  "),
            ]
        )


def _line(name: str) -> str:
    help = load_command_class(OURS, name).help
    return textwrap.fill(help, WIDTH, initial_indent=f"  {name:<14}", subsequent_indent=" " * 16)
