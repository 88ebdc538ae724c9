"""What a node type is, and what it may use while its step runs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from flows.asking import Answer as Answer
from flows.asking import Calling as Calling
from flows.asking import Function as Function
from flows.asking import Question as Question
from flows.chain import Chain
from flows.failure import StepFailed as StepFailed
from flows.graph import Node
from governance.refusals import Problem

Output = Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came over one taken edge: the source's output, or `{"error": {code, message}}` over an error edge."""

    source: str
    port: str
    output: Output


@dataclass(frozen=True, slots=True)
class Finished:
    """What a step chose and made. `ports` has one port, or several for a `multiple` router."""

    output: Output
    ports: tuple[str, ...] = ("out",)


class Context(Protocol):
    """The one way from a node to the world: every model and tool call passes the gate behind it.

    `arrivals` are the taken edges in edge order, `scope` the names of expressions (contract, section 3).
    Methods raise StepFailed; those that wait for a person, a moment or a child hold no worker while they do.
    """

    node: Node
    iteration: int
    item: int | None
    arrivals: Sequence[Arrival]
    scope: Mapping[str, Any]
    chain: Chain

    def condition(self, source: str, **names: Any) -> bool: ...
    def evaluate(self, source: str, **names: Any) -> Any: ...
    def text(self, source: str, **names: Any) -> str: ...
    def value(self, template: Any, **names: Any) -> Any: ...

    def record_choice(
        self,
        kind: str,
        candidates: Sequence[Mapping],
        chosen: Sequence[str],
        method: str,
        reason: str,
    ) -> None:
        """Writes `choice.made`; a candidate is {name, score, excluded_because}."""

    def who_plays(self, agent: str) -> str:
        """The slug of who answers where the node names `agent`: that one, or the fallback in its place."""

    def meant(self, value: Any) -> Any:
        """`value` with what stands behind its tokens: to compare and to look up, never to keep or to pass on."""

    def keeps(self, so_far: Callable[[], Any]) -> None:
        """What `so_far()` gives is kept as the partial result where the step is stopped, as by its time."""

    def queued(self) -> AbstractAsyncContextManager:
        """Around a wait for another call of the same turn: the step does nothing for it meanwhile."""

    def record_plan(self, round: int, text: str) -> None:
        """Writes what a supervisor said beside the delegations of a round: a `note` of kind `plan`, once a round."""

    def document(self, kind: str, ref: str) -> Mapping | None:
        """The agent, tool or flow as the run is pinned to it; None where it is pinned to none."""

    async def run_agent(
        self,
        agent: str,
        text: str,
        output_schema: Mapping | None = None,
        *,
        functions: Sequence[Function] = (),
        most_rounds: int | None = None,
        in_words: bool = False,
        may_hand_over: bool = False,
        may_report: bool = True,
    ) -> Output:
        """The answer of an agent: {text}, or the object of `output_schema` (else the agent's own, unless `in_words`).

        After `most_rounds` turns that called a function which `is_round` the model is offered nothing more to call.
        With `may_hand_over` the agents of its `delegation.to` may answer in its place; with `may_report` it may say
        to people what its `reports` offers (flows/reporting.py).
        """

    def hand_over(self, source: str, target: str, message: str, reason: str = "") -> Awaitable[None]:
        """Asks the gate (`handoff`) and records `agent.handoff`, with a `reason` where one is given. Names its call at
        once, even before it is awaited. StepFailed `denied` or `rejected`. Whether the chain allows it is for
        `chain.then` to say before."""

    def give_up(self, failure: StepFailed) -> None:
        """The step is going to fail with this: those of its turns that only wait are cut off, and fail with it too."""

    async def turn(
        self,
        name: str,
        task: Mapping,
        body: Callable[["Context", Any], Awaitable[Output]],
        *,
        agent: str | None = None,
        chain: Chain | None = None,
    ) -> Output:
        """A participant's turn as a step of its own: an item of this node with `task` as its input.

        `name` is unique among the turns of this step, and the same when the step is played again: what is finished is
        not played twice, and a turn that failed fails again. `agent` plays it, with the node's retries, its fallback
        models and the node's `fallback` agents in its place, and within its `sla.latency_s` where somebody is left
        to replace it; without `agent` (people, flows) it is attempted once. Turns may run at once.
        """

    async def call_tool(self, tool: str, arguments: Mapping) -> Output: ...

    async def ask(self, question: Question) -> Answer: ...

    async def run_flow(self, flow: str, input: Mapping) -> Output:
        """The output of a child run."""

    async def sleep_until(self, moment: int) -> None:
        """Returns once `moment` (microseconds since 1970) has passed."""

    async def for_each(
        self,
        items: Sequence[Any],
        body: Callable[["Context", Any], Awaitable[Output]],
        *,
        max_concurrency: int | None,
        collect_errors: bool,
    ) -> tuple[list[Output], list[dict]]:
        """Runs `body(item_context, item)` as a step of its own an item, each with the node's retries.

        Returns the outputs in input order (None where it failed) and [{index, error}]. Without `collect_errors`
        the first failure is raised.
        """

    def first_started_at(self) -> int:
        """When this step started first (microseconds): the same after a crash."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A document that a node names: `pointer` is relative to the node."""

    kind: str
    ref: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of a node: `flavour` is condition, evaluate, text or value; `extra` names join its scope."""

    flavour: str
    source: Any
    pointer: str
    extra: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a node's place when a flow is checked.

    `sources` are the nodes whose edges lead here, in edge order; `lookup(kind, ref)` gives the content of an agent,
    a tool or a flow, None where there is none.
    """

    sources: tuple[str, ...]
    lookup: Callable[[str, str], Mapping | None]


class NodeType:
    """One type of node: data on top, what its config names, and what its step does. Stateless."""

    kind: ClassVar[str]
    label: ClassVar[str]
    summary: ClassVar[str]
    icon: ClassVar[str]  # a lucide name
    group: ClassVar[str]
    config_schema: ClassVar[dict]
    pure: ClassVar[bool] = False
    holds_items: ClassVar[bool] = (
        False  # its work is done by steps of their own: a map's items, a team's turns
    )
    schemas: ClassVar[
        Mapping[str, bool]
    ] = {}  # the config's fields that hold a JSON Schema; true: of an object

    def is_pure(self, config: Mapping) -> bool:
        """Whether a step touches nothing but its inputs: then the engine need not wait for the disk."""
        return self.pure

    def ports(self, config: Mapping) -> tuple[str, ...]:
        """The ports that a finished step may choose, without `error` and `exhausted`."""
        return ("out",)

    def references(self, config: Mapping) -> list[Reference]:
        return []

    def expressions(self, config: Mapping) -> list[Expression]:
        return []

    def output_schema(self, config: Mapping, around: Surroundings) -> Mapping | None:
        """The JSON Schema of a step's output; None where nothing is known of it before it runs."""
        return None

    def problems(self, node: Node) -> list[Problem]:
        """What the config schema cannot say is wrong; pointers are relative to the node."""
        return []

    def answer_schema(self, config: Mapping) -> Mapping | None:
        """What a person has to answer who steps in for a step that could not be done; None: anything."""
        return None

    def answered(self, config: Mapping, answer: Any) -> Finished:
        """What that person's answer, which fits `answer_schema`, means for the run."""
        return Finished(answer)

    async def run(self, ctx: Context) -> Finished:
        raise NotImplementedError


def conditions(cases: Sequence[Mapping], pointer: str) -> list[Expression]:
    """The `when` of each case or route that has one."""
    return [
        Expression("condition", case["when"], f"{pointer}/{index}/when")
        for index, case in enumerate(cases)
        if "when" in case
    ]
