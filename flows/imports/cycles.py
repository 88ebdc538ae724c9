"""Circles of an imported graph as loops of a flow (contract 4.5), which are entered at one node and left at one.

A way back to a node that every way there goes through is a loop. Where such a loop is left in its middle, or goes back
from several places, a condition is drawn behind all of it, and goes back or on by what was chosen. A circle with two
ways in has no such node and is refused.
"""

from collections.abc import Collection, Mapping, Sequence

from flows.imports import names
from flows.imports.outcome import CannotImport, Notebook
from flows.imports.sketch import Line, Sketch

ROUNDS = 10


def loops(sketch: Sketch, notes: Notebook) -> None:
    """Draws every circle as a loop, the innermost first. Raises CannotImport."""
    while (found := innermost(sketch)) is not None:
        head, body = found
        draw(sketch, head, body, notes)
    refuse_other_circles(sketch)


def innermost(sketch: Sketch) -> tuple[str, set[str]] | None:
    """The head and the body of a loop that is not drawn as one yet and holds no other such loop.

    That is so of the head with the most before it on every way: a head inside of its loop had it before itself too.
    """
    bits, dominators = sketch.bits(), sketch.dominators()
    tails: dict[str, set[str]] = {}
    for line in sketch.onwards:
        if dominators[line.source] & bits[line.target]:
            tails.setdefault(line.target, set()).add(line.source)
    if not tails:
        return None
    head = max(tails, key=lambda head: dominators[head].bit_count())
    return head, body_of(sketch.sources(), head, tails[head])


def body_of(sources: Mapping[str, Sequence[str]], head: str, tails: Collection[str]) -> set[str]:
    """What leads to the tails without going through the head."""
    found = {head, *tails}
    ahead = [tail for tail in tails if tail != head]
    for node in ahead:
        for source in sources[node]:
            if source not in found:
                found.add(source)
                ahead.append(source)
    return found


def draw(sketch: Sketch, head: str, body: set[str], notes: Notebook) -> None:
    backs = [line for line in sketch.onwards if line.source in body and line.target == head]
    exits = [line for line in sketch.onwards if line.source in body and line.target not in body]
    refuse_endless(sketch, head, body, exits)
    tell(head, backs, notes)
    ends = {line.source for line in (*backs, *exits)}
    if len(backs) == 1 and len(ends) == 1 and sketch.chooses(backs[0].source):
        sketch.loop(backs[0], ROUNDS)
        return
    draw_with_condition(sketch, head, backs, exits)
    notes.mapped(
        head,
        f"The loop of {head} goes back or on from one place in Baton, so a condition was drawn at its end.",
    )


def draw_with_condition(sketch: Sketch, head: str, backs: list[Line], exits: list[Line]) -> None:
    """What the join is handed is of this round alone; `steps` would also tell what an earlier one chose."""
    gathered = sketch.add(f"{head}_round", "join", "What was chosen", {"mode": "all", "combine": "object"})
    tail = sketch.add(f"{head}_again", "condition", "Once more?", {"cases": []})
    ways: dict[str, list[str]] = {}
    chosen_by: dict[str, list[str]] = {}
    for line in exits:
        chosen_by.setdefault(line.target, []).append(line.source)
        chosen = f"steps.{gathered}.output.{line.source}"
        ways.setdefault(line.target, []).append(f'(has({chosen}) && {chosen}.port == "{line.port}")')
    ports: dict[str, str] = {}
    for target in ways:
        ports[target] = names.port(f"to_{target}", ports.values())
    sketch.nodes[tail]["config"]["cases"] = [
        {"port": ports[target], "when": " || ".join(conditions)} for target, conditions in ways.items()
    ]
    sketch.redirect({*backs, *exits}, gathered)
    sketch.connect(gathered, tail)
    for target, port in ports.items():
        sketch.connect(tail, target, port)
        sketch.chosen_by[tail, port] = chosen_by[target]
    sketch.connect(tail, head, "else", ROUNDS)


def tell(head: str, backs: list[Line], notes: Notebook) -> None:
    froms = ", ".join(dict.fromkeys(line.source for line in backs))
    notes.mapped(
        head,
        f"{froms} → {head} goes back: it is a loop of at most {ROUNDS} rounds. After that the run fails "
        "(loop_exhausted), as a graph does at its recursion limit, until the port exhausted leads on.",
    )


def refuse_endless(sketch: Sketch, head: str, body: set[str], exits: list[Line]) -> None:
    named = ", ".join(node for node in sketch.nodes if node in body)
    if not exits:
        raise CannotImport(
            "/edges", f"{named} go round without a way out: give one of them a conditional edge."
        )
    at_once = [line for line in exits if not sketch.chooses(line.source)]
    if at_once:
        one = at_once[0]
        raise CannotImport(
            "/edges",
            f"{one.source} goes round ({named}) and on to {one.target} at the same time: a loop is left by a choice. "
            "Make these edges conditional.",
        )


def refuse_other_circles(sketch: Sketch) -> None:
    """Whatever still goes round has several ways in."""
    after = reached(sketch)
    around = [node for node in sketch.nodes if node in after[node]]
    if around:
        one = around[0]
        circle = [node for node in around if node in after[one] and one in after[node]]
        raise CannotImport(
            "/edges",
            f"{', '.join(circle)} go round, and there is more than one way into that circle: a loop has one first "
            "node. Let every edge from outside lead to the same one of them.",
        )


def reached(sketch: Sketch) -> dict[str, set[str]]:
    """For each node what lies behind it; a node lies behind itself only in a circle."""
    targets, found = sketch.targets(), {}
    for node in sketch.nodes:
        ahead = list(dict.fromkeys(targets[node]))
        seen = set(ahead)
        for each in ahead:
            for target in targets[each]:
                if target not in seen:
                    seen.add(target)
                    ahead.append(target)
        found[node] = seen
    return found
