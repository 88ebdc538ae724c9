"""Questions to a sketch of a graph: whose answers arrive where, and which way leads to the end soonest."""

from collections.abc import Mapping, Sequence
from typing import Any

from flows.imports.sketch import Sketch


def before(sources: Mapping[str, Sequence[str]], node: str) -> list[str]:
    """What leads to a node, the nearest first."""
    found, seen = [node], {node}
    for each in found:
        for source in sources[each]:
            if source not in seen:
                seen.add(source)
                found.append(source)
    return found[1:]


def speakers(sketch: Sketch, node: str) -> list[str]:
    """The steps whose answers arrive at a node, through whatever only chooses the way."""
    ahead, found = [node], {}
    for each in ahead:
        for line in sketch.onwards:
            if line.target != each:
                continue
            for source in sketch.chosen_by.get((line.source, line.port), [line.source]):
                if sketch.kind(source) == "agent":
                    found[source] = None
                elif source not in ahead:
                    ahead.append(source)
    return list(found)


def played(sketch: Sketch) -> list[dict[str, Any]]:
    """How a simulated model chooses: at each router the way that is nearest to the end. Before loops are drawn."""
    lengths = distances(sketch)
    entries = []
    for node in sketch.nodes.values():
        if node["type"] != "router":
            continue
        ways = {line.port: line.target for line in sketch.lines if line.source == node["id"]}
        port = min(ways, key=lambda port, ways=ways: lengths.get(ways[port], len(sketch.nodes)))
        answer = {
            "routes": [{"port": port, "confidence": 0.9}],
            "reason": "The simulated model takes the shortest way.",
        }
        entries.append({"when": {"agent": node["config"]["agent"]}, "json": answer})
    return entries


def distances(sketch: Sketch) -> dict[str, int]:
    """How many lines lie between each node and the end."""
    sources = sketch.sources()
    ahead = [node for node in sketch.nodes if sketch.kind(node) == "end"]
    found = dict.fromkeys(ahead, 0)
    for node in ahead:
        for source in sources[node]:
            if source not in found:
                found[source] = found[node] + 1
                ahead.append(source)
    return found
