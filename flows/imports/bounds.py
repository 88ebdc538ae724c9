"""How large a graph may be that is drawn: counted before, as what is drawn of it is some times larger."""

from collections import Counter

from flows.imports.langgraph_shape import START, Given
from flows.imports.outcome import CannotImport

MOST_AGENTS, MOST_BACK = 100, 50  # each agent is a document of its own; each way back may draw two nodes more


def refuse_large(graph: Given) -> None:
    """Raises CannotImport."""
    chosen = Counter(way.source for way in graph.ways if way.is_choice)
    agents = len(graph.steps) + sum(choices > 1 for choices in chosen.values())
    if agents > MOST_AGENTS:
        raise CannotImport(
            "/nodes",
            f"This graph would need {agents} agents, one for each step and each choice; {MOST_AGENTS} are taken: "
            "import parts of it.",
        )
    back = goes_back(graph)
    if back > MOST_BACK:
        raise CannotImport(
            "/edges", f"{back} edges of this graph go back; {MOST_BACK} are taken: import parts of it."
        )


def goes_back(graph: Given) -> int:
    """How many edges lead to a step that is still being gone through: each circle has one of them at least."""
    targets: dict[str, list[str]] = {}
    for way in graph.ways:
        targets.setdefault(way.source, []).append(way.target)
    seen, open_ones, found = {START}, {START}, 0
    path = [(START, iter(targets[START]))]
    while path:
        key, rest = path[-1]
        for target in rest:
            found += target in open_ones
            if target not in seen:
                seen.add(target)
                open_ones.add(target)
                path.append((target, iter(targets.get(target, ()))))
                break
        else:
            open_ones.discard(key)
            path.pop()
    return found
