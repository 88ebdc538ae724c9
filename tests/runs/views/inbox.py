"""The inbox as the tests of its pages ask for it: its items, their forms, and what is said to them."""

import re

from governance import clock, ids
from governance.models import Approval
from tests.runs.views.journals import replay
from tests.runs.views.test_run_page import ada

LIST = "/projects/demo/approvals/"
MINUTE = 60_000_000


def waiting_item(project) -> Approval:
    """The one of a run of the demo that waits for a refund to be approved."""
    run = replay(project, ada(project), "refund-waiting")
    Approval.objects.filter(run_id=run.id).update(requested_at=clock.now(), flow="customer-support")
    return Approval.objects.select_related("project").get(run_id=run.id)


def another(item: Approval, **fields) -> Approval:
    """One more item like it, of another call."""
    named = {"title": "One more", "call": f"c{ids.new_id()}", "requested_at": clock.now(), **fields}
    for name in (
        "project",
        "kind",
        "run_id",
        "node",
        "payload",
        "schema",
        "editable",
        "reviewers",
        "fingerprint",
    ):
        named.setdefault(name, getattr(item, name))
    return Approval.objects.create(**named)


def place(item: Approval, more: str = "") -> str:
    return f"{LIST}{ids.encode(item.pk)}/{more}"


def titles(answer) -> list[str]:
    return re.findall(r'<a class="apv".*?<b>(.*?)</b>', answer.content.decode(), re.DOTALL)


def fields_of(client, item: Approval, do: str = "") -> dict[str, str]:
    """The fields of the item's form as a browser would send them untouched."""
    page = client.get(place(item, f"?do={do}" if do else "")).content.decode()
    form = re.search(r"<form[^>]*data-deciding.*?</form>", page, re.DOTALL)[0]
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    return fields | dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', form))


def say(client, item: Approval, decision: str, fields: dict, **headers):
    return client.post(place(item, "decision/"), {**fields, "decision": decision}, headers=headers)
