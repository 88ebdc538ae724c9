"""What could be better though nothing is wrong: hints that the builder shows below the problems, and their fixes."""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.fixes.scene import Fix, Scene, configure, connect, with_config
from flows.nodes import TYPES
from governance.refusals import Problem, pointer
from governance.schemas import fits


def hints(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Problems of severity `info`: they stop nothing; the API lists them apart, as hints."""
    for place, node in enumerate(document["nodes"]):
        at = pointer("nodes", place)
        if calls_agent(node) and not node.get("fallback") and not node.get("escalate"):
            if node.get("on_error") != "port":
                message = "Nothing steps in where it fails: after its attempts the run stops."
                yield Problem(at, message, "no_fallback", "info", (node["id"],))
        if node["type"] == "end" and "output" not in node.get("config", {}):
            message = "Without an output the run answers with everything that arrives here, by node."
            yield Problem(at, message, "no_output", "info", (node["id"],))
    for place, edge in enumerate(document["edges"]):
        if "loop" in edge and not exhausted_connected(document, edge["from"]):
            message = "After the last round the run fails: connect the port exhausted to go on instead."
            yield Problem(pointer("edges", place), message, "no_exhausted", "info", (edge["from"],))


def calls_agent(node: Mapping[str, Any]) -> bool:
    node_type, config = TYPES.get(node["type"]), node.get("config", {})
    if node_type is None or not fits(node_type.config_schema, config):
        return False
    return any(reference.kind == "agent" for reference in node_type.references(config))


def exhausted_connected(document: Mapping[str, Any], node: str) -> bool:
    return any(edge["from"] == node and edge.get("port") == "exhausted" for edge in document["edges"])


def no_fallback(scene: Scene, problem: Problem) -> Fix | None:
    """The only other agent steps in; where there are several, a person is asked."""
    node = scene.node(problem)
    if node is None:
        return None
    own = node["config"].get("agent", "").partition("@")[0]
    others = [slug for slug in scene.stock.get("agent", ()) if slug != own]
    if len(others) == 1:
        return Fix(f"Fall back on {others[0]}", (configure(node, fallback=others),))
    return Fix(
        "Ask a reviewer then", (configure(node, escalate={"to": "role:reviewer", "due_in_s": 86_400}),)
    )


def no_output(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    before = [edge.source for edge in scene.graph.incoming[node["id"]]] if node else []
    if len(before) != 1:
        return None
    return Fix("Set the output", (with_config(node, output={"answer": f"= steps.{before[0]}.output"}),))


def no_exhausted(scene: Scene, problem: Problem) -> Fix | None:
    edge = scene.edge(problem)
    if edge is None or scene.end is None:
        return None
    return Fix("Go on to the end", (connect(edge["from"], "exhausted", scene.end["id"]),))


MENDS = {"no_fallback": no_fallback, "no_output": no_output, "no_exhausted": no_exhausted}
