"""token, link, apply and export."""

import json
import os
from io import StringIO

import pytest
import yaml
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from governance import people
from governance.models import AuditEntry, Project, User, Version

PROVIDER = {"kind": "provider", "slug": "house", "type": "scripted", "script": [{"say": "hello"}]}
AGENT = {
    "kind": "agent",
    "slug": "writer",
    "purpose": "Writes.",
    "model": "house/small",
    "instructions": "Write.",
}


@pytest.fixture(autouse=True)
def fresh_throttles():
    cache.clear()


def said(*words: str) -> list[str]:
    output = StringIO()
    call_command(*words, stdout=output)
    return output.getvalue().splitlines()


def refused(*words: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        said(*words)
    return caught.value.returncode, str(caught.value)


def me(token: str) -> dict:
    return Client().get("/api/v1/me/", headers={"authorization": f"Bearer {token}"}).json()


@pytest.fixture
def project(db) -> Project:
    return people.create_project("demo", "Demo", None)


def test_a_token_makes_what_is_missing_and_is_the_last_line(db):
    lines = said("token", "ada", "--project", "demo")
    assert lines[:-1] == ["Made user ada.", "Made project demo.", "ada is admin in demo."]
    assert me(lines[-1])["projects"] == [{"slug": "demo", "name": "demo", "roles": ["admin"]}]


def test_a_token_of_somebody_known_changes_nothing_else(project):
    said("token", "ada", "--project", "demo")
    said("token", "ben", "--project", "demo", "--role", "viewer", "--role", "reviewer")
    (token,) = said("token", "ben", "--project", "demo")
    assert me(token)["projects"][0]["roles"] == ["viewer", "reviewer"]
    (token,) = said("token", "ada")
    assert me(token)["projects"][0]["roles"] == ["admin"]


@pytest.mark.parametrize("name", ["\u0430da", "\uff41da", "Ada"])
def test_a_token_makes_nobody_who_looks_like_somebody_else(project, name):
    said("token", "ada", "--project", "demo")
    code, sentence = refused("token", name, "--project", "demo")
    assert (code, User.objects.count()) == (1, 1)
    assert "is none of them" in sentence or "There is a user 'ada' already" in sentence


def test_roles_are_set_where_they_are_named(project):
    said("token", "ada", "--project", "demo")
    said("token", "ben", "--project", "demo", "--role", "viewer")
    assert said("token", "ben", "--project", "demo", "--role", "author")[0] == "ben is author in demo."
    code, sentence = refused("token", "ada", "--project", "demo", "--role", "viewer")
    assert (code, "last admin" in sentence) == (1, True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["token", "ada", "--role", "viewer"], 2),
        (["token", "no name"], 1),
        (["token", "ada", "--project", "No Slug"], 1),
        (["link", "nobody"], 1),
        (["export", "nothing"], 1),
        (["apply", "/nonexistent.yaml", "--project", "demo"], 2),
        (["apply", "/nonexistent.yaml", "--project", "nothing"], 1),
        (["import-flow", "/nonexistent.json", "--project", "demo"], 2),
        (["import-flow", "/dev/zero", "--project", "demo"], 2),
        (["import-flow", "pyproject.toml", "--project", "demo"], 1),
    ],
)
def test_what_cannot_be_done_is_one_line(project, words, code):
    given, sentence = refused(*words)
    assert given == code
    assert sentence and "\n" not in sentence
    assert not User.objects.filter(username__in=["ada", "no name"]).exists()


def test_a_refusal_of_an_import_cannot_steer_the_terminal(project, tmp_path):
    graph = {"nodes": {"a\x1b[2J\u202e": {"tools": [["x"]] * 201}}, "edges": []}
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    code, sentence = refused("import-flow", str(tmp_path / "graph.json"), "--project", "demo")
    assert (code, sentence) == (1, "/nodes/a[2J/tools: This lists 201 things; 200 are taken.")


def test_a_link_is_printed_and_signs_in(db, settings):
    said("token", "ada")
    (line,) = said("link", "ada")
    assert line.startswith("http://127.0.0.1:8000/sign-in/")
    client = Client()
    assert client.get(line.removeprefix("http://127.0.0.1:8000")).status_code == 302
    assert client.get("/api/v1/me/").json()["user"]["username"] == "ada"
    settings.PUBLIC_URL = "https://baton.example.com"
    assert said("link", "ada")[0].startswith("https://baton.example.com/sign-in/")


def test_what_is_exported_and_applied_is_exported_the_same(project, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.yaml").write_text(yaml.safe_dump(AGENT, sort_keys=False))
    (tmp_path / "in" / "b.yml").write_text(yaml.safe_dump(PROVIDER, sort_keys=False))
    (tmp_path / "in" / "notes.txt").write_text("not a document")
    assert said("apply", str(tmp_path / "in"), "--project", "demo") == [
        "agent writer: version 1 published",
        "provider house: version 1 published",
    ]
    assert said("export", "demo", "--out", str(tmp_path / "out"))[-1].startswith("2 documents")
    files = {
        path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.yaml")
    }
    assert sorted(files) == ["agents/writer.yaml", "providers/house.yaml"]
    first = {name: path.read_bytes() for name, path in files.items()}
    assert said("apply", str(tmp_path / "out"), "--project", "demo") == [
        "agent writer: version 1 unchanged",
        "provider house: version 1 unchanged",
    ]
    said("export", "demo", "--out", str(tmp_path / "out"))
    assert {name: path.read_bytes() for name, path in files.items()} == first
    assert Version.objects.count() == 2


def test_an_export_stands_in_the_audit_log(project):
    call_command("export", "demo", stdout=StringIO())
    entry = AuditEntry.objects.get(action="project.export")
    assert (entry.actor, entry.object, entry.project, entry.data) == (
        "system",
        "project/demo",
        project,
        {"documents": 0},
    )


def test_an_export_to_standard_output_is_applied_as_one_file(project, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "all.yaml").write_text(yaml.safe_dump_all([AGENT, PROVIDER], sort_keys=False))
    said("apply", str(folder), "--project", "demo")
    output = StringIO()
    call_command("export", "demo", stdout=output)
    assert [body["slug"] for body in yaml.safe_load_all(output.getvalue())] == ["writer", "house"]
    (tmp_path / "one.yaml").write_text(output.getvalue())
    assert said("apply", str(tmp_path / "one.yaml"), "--project", "demo")[0].endswith("unchanged")


def test_a_refused_document_leaves_everything_as_it_was(project, tmp_path):
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(PROVIDER))
    (tmp_path / "bad.yaml").write_text(json.dumps(AGENT | {"model": "absent/small"}))
    code, text = refused("apply", str(tmp_path), "--project", "demo")
    assert code == 1
    assert any(line.startswith(str(tmp_path / "bad.yaml")) and "/model" in line for line in text.splitlines())
    assert not Version.objects.exists()
    assert not AuditEntry.objects.filter(action="provider.publish").exists()


def test_a_pipe_or_a_device_is_refused_instead_of_waited_for(project, tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero"):
        assert refused("apply", path, "--project", "demo") == (
            2,
            f"{path} is no file or folder: name files or folders.",
        )
    assert refused("apply", str(tmp_path), "--project", "demo")[1].startswith("There is no .yaml file there")
