"""A client of Baton's HTTP API for tests: paths under /api/v1/, one token, and waiting for runs."""

import time
from collections.abc import Callable, Iterator

import httpx

FINISHED = frozenset({"succeeded", "failed", "cancelled"})


class Api(httpx.Client):
    """`api.get("me/")`, `api.post("projects/demo/runs/", json={…})`: answers are httpx responses."""

    def __init__(self, url: str, token: str | None, timeout_s: float = 30):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(base_url=f"{url}api/v1/", headers=headers, timeout=timeout_s, trust_env=False)
        self.token = token

    def read(self, path: str) -> dict:
        """The JSON of a GET that has to succeed."""
        answer = self.get(path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def pages(self, path: str) -> Iterator[dict]:
        """Every result of a paged list, page after page."""
        following: str | None = path
        while following:
            page = self.read(following)
            yield from page["results"]
            following = page["next"]

    def launch(self, flow: str, project: str = "demo", key: str | None = None, **body) -> dict:
        """Launches a run that has to be accepted; `body` holds `input` and the other fields."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.post(f"projects/{project}/runs/", json={"flow": flow, **body}, headers=headers)
        assert answer.status_code in (200, 201), f"{answer.status_code} {answer.text}"
        return answer.json()

    def run(self, run_id: str) -> dict:
        return self.read(f"runs/{run_id}/")

    def steps(self, run_id: str) -> list[dict]:
        return list(self.pages(f"runs/{run_id}/steps/"))

    def events(self, run_id: str) -> list[dict]:
        return list(self.pages(f"runs/{run_id}/events/?limit=500"))

    def finished(self, run_id: str, within_s: float = 30) -> dict:
        """The run once it has succeeded, failed or been cancelled."""
        return self.run_when(run_id, lambda run: run["status"] in FINISHED, within_s)

    def waiting(self, run_id: str, within_s: float = 30) -> dict:
        """The run once it waits for something; a run that finishes instead fails the test."""
        settled = self.run_when(run_id, lambda run: run["status"] in FINISHED | {"waiting"}, within_s)
        assert settled["status"] == "waiting", settled
        return settled

    def run_when(self, run_id: str, holds: Callable[[dict], bool], within_s: float = 30) -> dict:
        deadline = time.monotonic() + within_s
        while not holds(run := self.run(run_id)):
            assert time.monotonic() < deadline, f"Still so after {within_s} s: {run}"
            time.sleep(0.05)
        return run
