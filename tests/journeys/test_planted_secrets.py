"""Secrets planted wherever a person can put one are found nowhere: no answer, page, event, export, log, file."""

import json
from pathlib import Path

import httpx
import pytest

from tests.api import Api
from tests.journeys import stage
from tests.serving import BatonServer, manage

VALUE = "planted-value-7Qx1"
IN_QUERY = "planted-query-8Wz2"
KEY = "planted-provider-key-9Ry3"
PASSWORD = "planted password 4Kv5"
TYPED_AS_NAME = "planted-name-6Tn7"
PAGES = ("audit", "tools/charge", "providers/peer", "settings")
FLOW = stage.chain(
    "pay",
    {"id": "good", "type": "tool", "config": {"tool": "charge", "arguments": {"n": 1}}},
    {
        "id": "bad",
        "type": "tool",
        "config": {"tool": "fail", "arguments": {"n": 2}},
        "retry": {"max_attempts": 1},
    },
)


@pytest.fixture
def peer():
    with stage.ToolServer() as server:
        server.statuses["/fail"] = [401] * 5
        yield server


@pytest.fixture
def planted(begin, peer) -> tuple[BatonServer, Api, dict[str, str]]:
    """A Baton in which everything was planted and used, with what was planted by name."""
    server = begin(env={"BATON_HTTP_ALLOW": peer.endpoint})
    api = server.api("ada")
    for name, value in (("erp", VALUE), ("query", IN_QUERY)):
        assert api.put(f"projects/demo/secrets/{name}/", json={"value": value}).status_code == 201
    header = {"headers": {"Authorization": "Bearer {{ secrets.erp }}", "X-Query": "{{ secrets.query }}"}}
    for slug in ("charge", "fail"):
        made = stage.tool(slug, peer.url, "write", secrets=["erp", "query"])
        stage.publish(api, {**made, "config": {**made["config"], **header}})
    provider = {"kind": "provider", "slug": "peer", "type": "openai", "api_base": peer.url, "prices": {}}
    assert api.put("projects/demo/providers/peer/", json={**provider, "api_key": KEY}).status_code == 201
    token = api.post("tokens/", json={"name": "build"}).json()["token"]
    link = link_for(server)
    sign_in_by(server.url, link)
    stage.publish(api, FLOW)
    run = api.finished(api.launch("pay", input={})["id"])
    assert run["status"] == "failed"
    api.post("projects/demo/tools/fail/test/", json={"arguments": {"n": 3}})
    names = {"value": VALUE, "query": IN_QUERY, "key": KEY, "password": PASSWORD, "name": TYPED_AS_NAME}
    return server, api, {**names, "token": token, "own token": api.token, "link": link, "run": run["id"]}


def link_for(server: BatonServer) -> str:
    """The secret part of a new sign-in link."""
    return manage(server.data, "link", "ada").stdout.strip().rstrip("/").rpartition("/")[2]


def sign_in_by(url: str, link: str) -> None:
    """By link, then a password of one's own, then a wrong one and one that was typed into the wrong field."""
    with httpx.Client(base_url=url, trust_env=False) as visitor:
        visitor.get(f"/sign-in/{link}/")
        visitor.get("/account/")
        form = {"csrfmiddlewaretoken": visitor.cookies["csrftoken"]}
        chosen = {"password-new_password1": PASSWORD, "password-new_password2": PASSWORD}
        assert visitor.post("/account/password/", data={**form, **chosen}).status_code == 302
        for name, password in (("ada", f"{PASSWORD}!"), (TYPED_AS_NAME, "ada")):
            wrong = {**form, "username": name, "password": password}
            assert visitor.post(
                "/sign-in/", data={**wrong, "csrfmiddlewaretoken": visitor.cookies["csrftoken"]}
            )


def test_what_was_planted_is_found_nowhere(planted):
    server, api, names = planted
    run = names.pop("run")
    said = {path: api.get(path).text for path in paths_of(api, run)}
    assert len(said) > 25
    assert "write" in said["projects/demo/tools/charge/"]
    with httpx.Client(base_url=server.url, trust_env=False) as visitor:
        visitor.get(f"/sign-in/{link_for(server)}/")
        pages = ["account/", f"runs/{run}/", *(f"projects/demo/{name}/" for name in PAGES)]
        said |= {f"page {path}": visitor.get(f"/{path}").raise_for_status().text for path in pages}
    said |= {"log": server.log()}
    said |= {str(file): text_of(file) for file in server.data.rglob("*") if file.is_file()}
    found = {
        (where, name)
        for where, text in said.items()
        for name, value in names.items()
        if value in text or value in text.replace("\\", "")
    }
    assert found == set()


def text_of(file: Path) -> str:
    return file.read_bytes().decode("latin-1")


def paths_of(api: Api, run: str) -> list[str]:
    """Every address of the OpenAPI document that can be read, filled with what is there."""
    document = json.loads(api.get("openapi.json").text)
    filled = {
        "project": "demo",
        "run": run,
        "slug": "charge",
        "kinds": "tools",
        "number": "1",
        "kind": "tool",
    }
    reads = [path.removeprefix("/api/v1/") for path, methods in document["paths"].items() if "get" in methods]
    unknown = ("{approval}", "{hash}", "{user}", "{name}")
    named = [path for path in reads if not any(name in path for name in unknown)]
    more = ["projects/demo/providers/peer/", "projects/demo/audit/?limit=500"]
    return [path.format(**filled) for path in named] + more
