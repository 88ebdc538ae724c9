"""Edges follow a case or a route that is called otherwise."""

from collections.abc import Mapping
from typing import Any

NAMING = ("cases", "routes")


def follow(
    document: Mapping[str, Any], node: Mapping[str, Any], config: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The operations that take a node's edges along when its config becomes `config`.

    A port that is gone while another stands in its place was renamed; one that is gone without another was removed,
    and its edges stay for `flows.check` to tell.
    """
    moved = renamings(node.get("config") or {}, config)
    operations = []
    for place, edge in enumerate(document["edges"]):
        to = moved.get(edge.get("port", "out")) if edge["from"] == node["id"] else None
        if to is not None:
            end = {"from": edge["from"], "port": edge.get("port", "out"), "to": edge["to"]}
            operations.append({"op": "disconnect", "edge": end})
            operations.append({"op": "connect", "edge": {**edge, "port": to}, "at": place})
    return operations


def renamings(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """{old port: new port}, by the places of cases and routes."""
    found = {}
    for key in NAMING:
        old, new = ports_of(before.get(key)), ports_of(after.get(key))
        if len(old) == len(new):
            found |= {
                was: now
                for was, now in zip(old, new, strict=True)
                if was and now and was != now and was not in new and now not in old
            }
    return found


def ports_of(entries: Any) -> list[str]:
    if not isinstance(entries, list):
        return []
    ports = [entry.get("port") if isinstance(entry, dict) else None for entry in entries]
    return [port if isinstance(port, str) else "" for port in ports]
