"""`manage.py` as a newcomer meets it: what it lists, and what it says where nothing is set up."""

from pathlib import Path

from config.commandline import CommandLine
from tests.serving import manage


def test_the_commands_of_baton_come_first_and_say_what_they_do():
    lines = CommandLine(["manage.py"]).main_help_text().splitlines()
    assert lines[0] == "Baton. manage.py help COMMAND says what a command takes."
    ours, _, others = "\n".join(lines[2:]).partition("\nDjango's own: ")
    named = [line.split()[0] for line in ours.splitlines() if line.startswith("  ") and line[2] != " "]
    assert {"apply", "export", "launch", "link", "serve", "test", "token"} <= set(named)
    assert "  serve         Serves pages, API and sockets, and executes runs, in this one process." in lines
    assert "migrate" in others and "serve," not in others.replace("runserver,", "").replace("testserver", "")


def test_completion_still_gets_every_command_on_a_line_of_its_own():
    assert {"serve", "migrate"} <= set(
        CommandLine(["manage.py"]).main_help_text(commands_only=True).splitlines()
    )


def test_a_fresh_folder_is_set_up_by_token_and_the_others_say_what_does(tmp_path: Path):
    for words in (["link", "admin"], ["export", "demo"]):
        done = manage(tmp_path, *words, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.strip() == (
            f"CommandError: Nothing is set up yet in {tmp_path}: start manage.py serve, which sets it up and prints a "
            "sign-in link (manage.py migrate makes the tables alone)."
        )
    token = manage(tmp_path, "token", "admin").stdout.splitlines()
    assert token[0] == "Made user admin." and len(token[-1]) == 64
    assert manage(tmp_path, "link", "admin").stdout.startswith("http://127.0.0.1:8000/sign-in/")
