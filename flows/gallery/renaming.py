"""Names in a starter's documents: wherever one document names another, by whatever it is called here.

Besides what publishing looks up there are names that it does not: whom an agent may hand over to, whose weight a
vote has, which tool a rule is about, and whom and what the script of the simulated provider plays.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from governance.documents import kind_named

Names = Mapping[tuple[str, str], str]  # (kind, the starter's slug): the slug here
Place = tuple[str, str, str]  # (kind, slug or slug@3, JSON pointer)

FLOW_PREFIX = "flow:"  # a flow among workers
NAMING_AGENTS = ("agent", "to", "speaker", "winner")  # in what a model says and in whom it calls
SUBJECT = re.compile(r'\b(agent|tool|flow)\.slug\s*([=!]=)\s*"([a-z0-9-]{1,64})"')


def renamed(original: Mapping, names: Names) -> dict[str, Any]:
    """A copy of a document that names everything as it is called here."""
    body = deepcopy(dict(original))
    places = [*kind_named(body["kind"]).references(body), *handed_over(body), *played(body)]
    for kind, ref, at in dict.fromkeys(places):
        old = ref.partition("@")[0]
        new = names.get((kind, old), old)
        if new != old:
            put(body, at, old, new)
    for weights in weights_of(body):
        kept = {names.get(("agent", who), who): weight for who, weight in weights.items()}
        weights.clear()
        weights.update(kept)
    if body["kind"] == "policy" and "when" in body:
        body["when"] = SUBJECT.sub(subject_in(names), body["when"])
    return body


def handed_over(body: Mapping) -> Iterator[Place]:
    """Agents to hand over to; publishing lets two agents name each other."""
    for place, ref in enumerate(body.get("delegation", {}).get("to", ())):
        yield "agent", ref, f"/delegation/to/{place}"


def played(body: Mapping) -> Iterator[Place]:
    """Whom a script plays, which tools they call, and which agents they name in a call or an answer."""
    for place, entry in enumerate(body.get("script", ())):
        at = f"/script/{place}"
        if "agent" in entry.get("when", {}):
            yield "agent", entry["when"]["agent"], f"{at}/when/agent"
        for number, call in enumerate(entry.get("calls", ())):
            yield "tool", call["tool"], f"{at}/calls/{number}/tool"
            yield from agents_in(call.get("arguments"), f"{at}/calls/{number}/arguments")
        yield from agents_in(entry.get("json"), f"{at}/json")


def agents_in(said: Any, at: str) -> Iterator[Place]:
    for field in NAMING_AGENTS:
        name = said.get(field) if isinstance(said, Mapping) else None
        if isinstance(name, str):
            kind = "flow" if name.startswith(FLOW_PREFIX) else "agent"
            yield kind, name.removeprefix(FLOW_PREFIX), f"{at}/{field}"


def weights_of(body: Mapping) -> list[dict]:
    """The weights of votes, which name participants by their keys."""
    configs = [node.get("config", {}) for node in body.get("nodes", ())]
    return [config["weights"] for config in configs if "weights" in config]


def subject_in(names: Names) -> Callable[[re.Match], str]:
    def said(found: re.Match) -> str:
        kind, sign, slug = found.groups()
        return f'{kind}.slug {sign} "{names.get((kind, slug), slug)}"'

    return said


def put(body: Any, at: str, old: str, new: str) -> None:
    """Puts the new slug in the old one's place; what stands around it stays: `@3`, `/model`, `flow:`."""
    *above, last = (step.replace("~1", "/").replace("~0", "~") for step in at.split("/")[1:])
    for step in above:
        body = body[int(step)] if isinstance(body, list) else body[step]
    key = int(last) if isinstance(body, list) else last
    lead = FLOW_PREFIX if body[key].startswith(FLOW_PREFIX) else ""
    body[key] = lead + new + body[key].removeprefix(lead).removeprefix(old)
