"""What a step of a run sees: what arrived, the names of its expressions, the facts of its decisions.

Outputs are kept by node, the latest finished iteration each, as expressions name them. A long answer that a call
already stored as a part is named in the journal instead of stored twice (`folded`), and shown whole everywhere else.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flows.nodes.base import Arrival, Output, StepFailed
from governance import gate, money
from governance.port import Facts
from runs.engine.memory import StepKey, StepMemory
from runs.engine.parts import hash_of
from runs.engine.rows import dumps

if TYPE_CHECKING:
    from runs.engine.driver import Driver

WORTH_FOLDING = 100  # characters: a shorter text is not longer than its name


class Sight:
    """One run's outputs and parts."""

    def __init__(self, driver: "Driver", parts: dict[str, str]):
        self.driver = driver
        self.parts = parts
        self._names = {text: hash for hash, text in parts.items()}  # what was hashed once need not be again
        self.steps: dict[str, dict] = {}
        self.finished_seq: dict[str, int] = {}

    def remember(self, node: str, seq: int, data: Mapping) -> None:
        """A step finished: its output is the node's now."""
        self.steps[node] = {
            "output": self.whole(data.get("output")),
            "port": data.get("port"),
            "ports": data.get("ports") or [],
        }
        self.finished_seq[node] = seq

    def keep(self, text: str) -> str:
        """Stores a text once a run; returns its hash."""
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = hash_of(text)
            self.parts[known] = text
            self.driver.journal.part(known, text)
        return known

    def folded(self, output: Output) -> Output:
        text = output.get("text") if isinstance(output, dict) and len(output) == 1 else None
        known = self._names.get(text) if isinstance(text, str) and len(text) >= WORTH_FOLDING else None
        return output if known is None else {"$part": {"text": known}}

    def whole(self, output: Output) -> Output:
        """The output behind `folded`; what only looks like it stays as it is."""
        if not isinstance(output, dict) or output.keys() != {"$part"}:
            return output
        reference = output["$part"]
        hash = reference.get("text") if isinstance(reference, dict) else None
        return {"text": self.parts[hash]} if isinstance(hash, str) and hash in self.parts else output

    # --- inputs ------------------------------------------------------------------------------------------------

    def arrived(self, node: str) -> dict:
        """The data of `step.started`: the input of the start, else who finished with what, by seq."""
        driver = self.driver
        if node == driver.graph.start:
            return {"input": driver.run.input}
        edges = driver.state.arrivals(node)
        return {"arrived": [[edge.source, edge.port, self.finished_seq[edge.source]] for edge in edges]}

    def arrivals(self, key: StepKey) -> list[Arrival]:
        driver = self.driver
        if key[0] == driver.graph.start:
            return [Arrival("", "out", driver.run.input)]
        edges = driver.state.arrivals(key[0])
        return [Arrival(edge.source, edge.port, self.steps[edge.source]["output"]) for edge in edges]

    def scope(self, key: StepKey) -> dict[str, Any]:
        """The names of expressions (contract, section 3)."""
        driver = self.driver
        scope = {"input": driver.run.input, "steps": self.steps, "run": self.run_facts()}
        if driver.shared is not None:
            scope["state"] = driver.shared.seen_by(key)
        node, iteration, item = key
        if driver.graph.loops_around[node]:
            scope["iteration"] = iteration
        if item is not None:
            scope["item"], scope["index"] = driver.memory.step(key).item, item
        if any(edge.port == "error" for edge in driver.graph.incoming[node]):
            for arrival in self.arrivals(key):
                if (
                    arrival.port == "error"
                    and isinstance(arrival.output, Mapping)
                    and "error" in arrival.output
                ):
                    scope["error"] = arrival.output["error"]
        return scope

    def history(self, key: StepKey) -> list[dict]:
        """What the steps before this one made, oldest first, as messages for an agent that wants them. Only those
        that lead here: what runs beside it would make the prompt a matter of chance."""
        graph = self.driver.graph
        before = [
            node
            for node in sorted(self.finished_seq, key=self.finished_seq.__getitem__)
            if node not in (graph.start, key[0]) and graph.leads(node, key[0])
        ]
        return [self._told(node) for node in before]

    def _told(self, node: str) -> dict:
        output = self.steps[node]["output"]
        text = output.get("text") if isinstance(output, dict) and len(output) == 1 else None
        told = text if isinstance(text, str) else dumps(output)
        return {"role": "user", "content": f"[{self.driver.graph.nodes[node].name or node}]\n{told}"}

    # --- facts -------------------------------------------------------------------------------------------------

    def cost_usd(self) -> float:
        return float(money.dollars(self.driver.journal.run.cost) or 0)

    def run_facts(self) -> dict[str, Any]:
        run = self.driver.run
        return {
            "id": run.public_id,
            "flow": run.flow,
            "project": run.project,
            "user": run.user,
            "environment": run.environment,
            "cost_usd": self.cost_usd(),
        }

    def facts_of(self, key: StepKey) -> Facts:
        run, (node, iteration, item) = self.driver.run, key
        return Facts(
            project=run.project,
            project_id=run.project_id,
            flow=run.flow,
            run=run.id,
            run_public_id=run.public_id,
            user=run.user,
            environment=run.environment,
            trigger=run.trigger,
            node=node,
            iteration=iteration,
            item=item,
            attempt=self.driver.memory.step(key).attempt,
            lineage=self.driver.lineage,
        )

    def facts_for_policies(self) -> dict[str, Any]:
        """The plain facts that every decision of this run has (contract, section 3, policy)."""
        run, facts = self.driver.run, self.run_facts()
        return {
            "flow": {"slug": run.flow, "version": run.version},
            "project": run.project,
            "user": run.user,
            "environment": run.environment,
            "trigger": run.trigger,
            "run": facts,
            "cost_usd": facts["cost_usd"],
        }

    # --- for people --------------------------------------------------------------------------------------------

    def gathered(self, key: StepKey, memory: StepMemory, failure: StepFailed) -> dict:
        """What a person needs to take over: the input, what was tried, and what came of it."""
        shown = ("model", "tool", "status", "error")
        return {
            "input": [arrival.output for arrival in self.arrivals(key)],
            "failures": [*memory.failures, {"code": failure.code, "message": failure.message}],
            **self.partial(failure),
            "calls": [
                {"call": tried.name, **{name: tried.result[name] for name in shown if name in tried.result}}
                for tries in memory.calls.values()
                for tried in tries
                if tried.result
            ],
        }

    def partial(self, failure: StepFailed) -> dict:
        """{partial}: what was made before it failed; nothing where there is nothing, or more than is kept."""
        kept = (
            None if failure.partial is None else self.driver.engine.bounded(failure.partial, "partial result")
        )
        return {} if kept is None or isinstance(kept, StepFailed) else {"partial": kept}

    def fingerprint(self, key: StepKey, call: str, payload: Any) -> str:
        """Binds a question to its run, step and payload."""
        return gate.keyed_hash(self.driver.run.id, key, call, payload)
