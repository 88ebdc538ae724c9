"""Owns literal cases of contract section 4: what the reference interpreter must say, worked out by hand."""

import re

import pytest

from tests.flows.reference import Edge, Failure, Graph, interpret, loops_of

ARROW = re.compile(r"(\w+)(?:\.(\w+))?>(\w+)(?:\*(\d+))?")


class Order:
    """A schedule by hand: of the running steps the one named first here finishes next."""

    def __init__(self, text: str):
        self.names = text.split()

    def choice(self, running: list[str]) -> str:
        return next((name for name in self.names if name in running), running[0])


def drawn(text: str, handles_errors: str = "", **joins: str) -> Graph:
    """`a.port>b*2`: an edge (`out` unless named; `*2` a loop); `done…` is an end, `j="quorum 2"` a join."""
    edges = [
        Edge(source, port or "out", target, int(limit) if limit else None)
        for source, port, target, limit in (ARROW.fullmatch(word).groups() for word in text.split())
    ]
    names = sorted({edge.source for edge in edges} | {edge.target for edge in edges})
    return Graph({name: drawn_node(name, joins.get(name), handles_errors.split()) for name in names}, edges)


def drawn_node(name: str, join: str | None, handling: list[str]) -> dict:
    kind = (
        "start" if name == "start" else "end" if name.startswith("done") else "join" if join else "transform"
    )
    mode, _, count = (join or "").partition(" ")
    return {
        "type": kind,
        "join": (mode, int(count) if count else None) if join else None,
        "on_error": "port" if name in handling else "fail",
    }


def played(graph: Graph, chosen: str = "", order: str = "") -> tuple[list[str], str]:
    """Steps as `write 2 revise`, and the outcome; `chosen`: `node=port,…` by iteration, `!` is a failure."""
    answers = {name: ports.split(",") for name, ports in (word.split("=") for word in chosen.split())}

    def choose(name: str, iteration: int):
        if graph.nodes[name]["type"] == "end":
            return ()
        port = dict(enumerate(answers.get(name, ()), start=1)).get(iteration, "out")
        return Failure() if port == "!" else tuple(port.split("+"))

    trace = interpret(graph, choose, Order(order))
    steps = [
        " ".join([step.node, str(step.iteration), *(() if step.what == "ran" else (step.what,)), *step.ports])
        for step in trace.records
    ]
    outcome = " ".join([trace.outcome, *([trace.node] if trace.node else sorted(trace.ends))])
    return steps, outcome


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("/")]


CHECKED = "start>write write>check check.revise>write*2 check.ok>done"
NESTED = "start>t t>u u>v v.again>u*1 v.on>s s.redo>t*2 s.ok>done v.exhausted>s"

CASES = {
    "a line runs to its end": (
        drawn("start>a a>done"),
        {},
        "start 1 out / a 1 out / done 1",
        "succeeded done",
    ),
    "what is behind a port not chosen is skipped and a merge runs with the rest": (
        drawn("start>c c.x>a c.y>b b>b2 a>m b2>m m>done"),
        dict(chosen="c=x"),
        "start 1 out / c 1 x / b 1 skipped / b2 1 skipped / a 1 out / m 1 out / done 1",
        "succeeded done",
    ),
    "several routes are taken at once": (
        drawn("start>r r.x>a r.y>b r.z>c a>done b>done c>done"),
        dict(chosen="r=x+z"),
        "start 1 out / r 1 x z / b 1 skipped / a 1 out / c 1 out / done 1",
        "succeeded done",
    ),
    "a join of all waits for every edge and goes on with those taken": (
        drawn("start>c start>b c.x>j c.y>a a>j b>j j>done", j="all"),
        dict(chosen="c=x", order="b"),
        "start 1 out / b 1 out / c 1 x / a 1 skipped / j 1 out / done 1",
        "succeeded done",
    ),
    "a join of any starts at the first edge and cancels what leads nowhere else": (
        drawn("start>fast start>slow slow>late late>j fast>j j>done", j="any"),
        dict(order="fast"),
        "start 1 out / fast 1 out / late 1 cancelled / slow 1 cancelled / j 1 out / done 1",
        "succeeded done",
    ),
    "a branch with another way to go, or with no way on, is not cancelled": (
        drawn("start>fast start>slow start>alone slow>j slow>log log>done2 fast>j j>done", j="any"),
        dict(order="fast j done alone"),
        "start 1 out / fast 1 out / j 1 out / done 1 / alone 1 out / slow 1 out / log 1 out / done2 1",
        "succeeded done done2",
    ),
    "an error edge that leads elsewhere keeps a branch from being cancelled": (
        drawn("start>fast start>slow slow>j slow.error>done2 fast>j j>done", "slow", j="any"),
        dict(order="fast j done", chosen="slow=!"),
        "start 1 out / fast 1 out / j 1 out / done 1 / slow 1 failed error / done2 1",
        "succeeded done done2",
    ),
    "a later arrival at a started join changes nothing": (
        drawn("start>a start>b b>j a>j b>c c>done j>done", j="any"),
        dict(order="a j b"),
        "start 1 out / a 1 out / j 1 out / b 1 out / c 1 out / done 1",
        "succeeded done",
    ),
    "a started join that leads only to a started join is cancelled, and so is what leads to both": (
        drawn("start>a start>b start>d a>i d>i d>j i>j b>j j>done", i="any", j="any"),
        dict(order="a b"),
        "start 1 out / a 1 out / b 1 out / d 1 cancelled / i 1 cancelled / j 1 out / done 1",
        "succeeded done",
    ),
    "a join of any is skipped when nothing is taken": (
        drawn("start>c c.x>a c.y>b a>j b>j c.z>done j>done2", j="any"),
        dict(chosen="c=z"),
        "start 1 out / c 1 z / a 1 skipped / b 1 skipped / j 1 skipped / done2 1 skipped / done 1",
        "succeeded done",
    ),
    "a quorum starts at its count": (
        drawn("start>a start>b start>c a>j b>j c>j j>done", j="quorum 2"),
        dict(order="a c"),
        "start 1 out / a 1 out / c 1 out / b 1 cancelled / j 1 out / done 1",
        "succeeded done",
    ),
    "a quorum that cannot be reached fails the run": (
        drawn("start>c start>b c.x>j c.y>j b>j j>done start>d d>done", j="quorum 3"),
        dict(chosen="c=x", order="b c"),
        "start 1 out / b 1 out / c 1 x / j 1 failed / d 1 cancelled",
        "quorum_not_reached j",
    ),
    "a quorum that cannot be reached takes its error port": (
        drawn("start>c c.x>j c.y>j j>done j.error>done2", "j", j="quorum 2"),
        dict(chosen="c=x"),
        "start 1 out / c 1 x / j 1 failed error / done 1 skipped / done2 1",
        "succeeded done2",
    ),
    "a quorum is skipped when nothing is taken": (
        drawn("start>c c.x>j c.y>j c.z>done j>done2", j="quorum 2"),
        dict(chosen="c=z"),
        "start 1 out / c 1 z / j 1 skipped / done2 1 skipped / done 1",
        "succeeded done",
    ),
    "a loop repeats while its port is chosen": (
        drawn(CHECKED),
        dict(chosen="check=revise,revise,ok"),
        "start 1 out / write 1 out / check 1 revise / write 2 out / check 2 revise"
        "/ write 3 out / check 3 ok / done 1",
        "succeeded done",
    ),
    "a loop used up with nothing behind exhausted fails the run": (
        drawn(CHECKED),
        dict(chosen="check=revise,revise,revise"),
        "start 1 out / write 1 out / check 1 revise / write 2 out / check 2 revise"
        "/ write 3 out / check 3 exhausted",
        "loop_exhausted check",
    ),
    "a loop used up leaves by exhausted": (
        drawn("start>write write>check check.revise>write*1 check.ok>done check.exhausted>done2"),
        dict(chosen="check=revise,revise"),
        "start 1 out / write 1 out / check 1 revise / write 2 out / check 2 exhausted"
        "/ done 1 skipped / done2 1",
        "succeeded done2",
    ),
    "a node is a loop by itself": (
        drawn("start>t t.again>t*3 t.ok>done"),
        dict(chosen="t=again,again,ok"),
        "start 1 out / t 1 again / t 2 again / t 3 ok / done 1",
        "succeeded done",
    ),
    "an inner loop counts anew when the outer repeats, and iterations go on": (
        drawn(NESTED),
        dict(chosen="v=again,again,again,on s=redo,ok"),
        "start 1 out / t 1 out / u 1 out / v 1 again / u 2 out / v 2 exhausted / s 1 redo"
        "/ t 2 out / u 3 out / v 3 again / u 4 out / v 4 on / s 2 ok / done 1",
        "succeeded done",
    ),
    "two loops from one tail: the outer port gives the inner its count again": (
        drawn("start>t t>s s.near>s*1 s.far>t*1 s.ok>done"),
        dict(chosen="s=near,far,near,ok"),
        "start 1 out / t 1 out / s 1 near / s 2 far / t 2 out / s 3 near / s 4 ok / done 1",
        "succeeded done",
    ),
    "two loops from one tail: the inner one used up": (
        drawn("start>t t>s s.near>s*1 s.far>t*1 s.ok>done"),
        dict(chosen="s=near,near"),
        "start 1 out / t 1 out / s 1 near / s 2 exhausted",
        "loop_exhausted s",
    ),
    "two loops to one head": (
        drawn("start>t t>a a.redo>t*1 a>s s.redo>t*1 s.ok>done"),
        dict(chosen="a=redo,out,redo,out s=redo,ok"),
        "start 1 out / t 1 out / a 1 redo / t 2 out / a 2 out / s 1 redo"
        "/ t 3 out / a 3 redo / t 4 out / a 4 out / s 2 ok / done 1",
        "succeeded done",
    ),
    "an outer loop on exhausted starts the inner one over": (
        drawn("start>t t>s s.near>s*1 s.exhausted>t*1 s.ok>done"),
        dict(chosen="s=near,near,near,near"),
        "start 1 out / t 1 out / s 1 near / s 2 exhausted / t 2 out / s 3 near / s 4 exhausted",
        "loop_exhausted s",
    ),
    "a loop on the error port tries again": (
        drawn("start>t t>call call.error>t*1 call>done call.exhausted>done2", "call"),
        dict(chosen="call=!,!"),
        "start 1 out / t 1 out / call 1 failed error / t 2 out"
        "/ call 2 failed exhausted / done 1 skipped / done2 1",
        "succeeded done2",
    ),
    "an error edge out of a loop waits for its end and counts the last iteration": (
        drawn("start>t t>s t.error>rescue s.again>t*2 s.ok>done rescue>done2", "t"),
        dict(chosen="t=out,! s=again,again"),
        "start 1 out / t 1 out / s 1 again / t 2 failed error / s 2 skipped / done 1 skipped"
        "/ rescue 1 out / done2 1",
        "succeeded done2",
    ),
    "an error edge chosen in an earlier iteration only is not taken": (
        drawn("start>t t>a t>s a>s a.error>rescue s.again>t*2 s.ok>done rescue>done2", "a"),
        dict(chosen="a=!,out s=again,ok"),
        "start 1 out / t 1 out / a 1 failed error / s 1 again / t 2 out / a 2 out / s 2 ok"
        "/ rescue 1 skipped / done2 1 skipped / done 1",
        "succeeded done",
    ),
    "an edge out of two loops waits for the outer one": (
        drawn("start>t t>s t>u u>v v.again>u*1 v.on>s u.error>rescue s.redo>t*1 s.ok>done rescue>done2", "u"),
        dict(chosen="u=!,out v=on,on s=redo,ok"),
        "start 1 out / t 1 out / u 1 failed error / v 1 skipped / s 1 redo"
        "/ t 2 out / u 2 out / v 2 on / s 2 ok / rescue 1 skipped / done2 1 skipped / done 1",
        "succeeded done",
    ),
    "an error edge out of the inner loop only goes on inside the outer": (
        drawn("start>t t>u u>v v.again>u*1 v.on>s u.error>s s.redo>t*1 s.ok>done", "u"),
        dict(chosen="u=!,out v=on,on s=redo,ok"),
        "start 1 out / t 1 out / u 1 failed error / v 1 skipped / s 1 redo"
        "/ t 2 out / u 2 out / v 2 on / s 2 ok / done 1",
        "succeeded done",
    ),
    "an early join that repeats its loop cancels what still runs in it": (
        drawn("start>t t>a t>b a>j b>j b.error>done2 j>t*1 j.exhausted>done", "b", j="any"),
        dict(order="a j done"),
        "start 1 out / t 1 out / a 1 out / j 1 out / b 1 cancelled"
        "/ t 2 out / a 2 out / j 2 exhausted / b 2 cancelled / done2 1 skipped / done 1",
        "succeeded done",
    ),
    "the races in a loop are run anew at each repetition": (
        drawn("start>t t>a t>b t>c t>d a>i d>i b>j c>j i>s j>s s.again>t*1 s.ok>done", i="any", j="any"),
        dict(chosen="s=again,ok", order="a b"),
        "start 1 out / t 1 out / a 1 out / d 1 cancelled / b 1 out / c 1 cancelled / i 1 out / j 1 out"
        "/ s 1 again / t 2 out / a 2 out / d 2 cancelled / b 2 out / c 2 cancelled / i 2 out / j 2 out"
        "/ s 2 ok / done 1",
        "succeeded done",
    ),
    "a loop in a race goes on after the join has started": (
        drawn("start>fast start>t t>s s.again>t*1 s.ok>j fast>j j>done", j="any"),
        dict(chosen="s=again,ok", order="fast j done"),
        "start 1 out / fast 1 out / j 1 out / done 1 / t 1 out / s 1 again / t 2 out / s 2 ok",
        "succeeded done",
    ),
    "an unconnected error port ends only its branch": (
        drawn("start>a start>b a>j b>j j>done", "a", j="all"),
        dict(chosen="a=!"),
        "start 1 out / a 1 failed error / b 1 out / j 1 out / done 1",
        "succeeded done",
    ),
    "a failed step fails the run and cancels what runs": (
        drawn("start>a start>b a>done b>done"),
        dict(chosen="a=!", order="a"),
        "start 1 out / a 1 failed / b 1 cancelled",
        "step_failed a",
    ),
    "a run in which no end is reached has failed": (
        drawn("start>c c.x>a c.y>done"),
        dict(chosen="c=x"),
        "start 1 out / c 1 x / done 1 skipped / a 1 out",
        "no_end_reached",
    ),
    "a port with nothing behind it ends the branch": (
        drawn("start>c c.x>done"),
        dict(chosen="c=other"),
        "start 1 out / c 1 other / done 1 skipped",
        "no_end_reached",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reference_plays(case):
    graph, given, steps, outcome = CASES[case]
    assert played(graph, **given) == (lines(steps), outcome)


def test_the_bodies_of_loops_are_the_nodes_between():
    bodies = {(loop.tail, loop.head): "".join(sorted(loop.body)) for loop in loops_of(drawn(NESTED))}
    assert bodies == {("v", "u"): "uv", ("s", "t"): "stuv"}


def test_steps_that_are_ready_start_together():
    def choose(name: str, _: int) -> tuple[str, ...]:
        return () if name == "done" else ("out",)

    trace = interpret(drawn("start>a start>b a>done b>done"), choose, Order("b"))
    assert trace.started == [("start", 1), ("a", 1), ("b", 1), ("done", 1)]
    assert [step.node for step in trace.records] == ["start", "b", "a", "done"]
