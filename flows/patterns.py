"""The patterns in which agents work together: what each is, what it costs, and which of them a drawing shows. Pure.

The costs are grades from 1 (easy, fast, little) to 5 (hard, slow, much) with a sentence, compared with each other.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flows.graph import Graph, parse

COSTS = {
    "debuggability": "Finding out what went wrong",
    "flexibility": "Meeting cases nobody foresaw",
    "latency": "Time until there is an answer",
    "complexity": "Building and keeping it",
}
GRADES = {
    "debuggability": ("Very easy", "Easy", "Fair", "Hard", "Very hard"),
    "flexibility": ("Very flexible", "Flexible", "Fair", "Stiff", "Very stiff"),
    "latency": ("Very fast", "Fast", "Fair", "Slow", "Very slow"),
    "complexity": ("Very simple", "Simple", "Fair", "Complex", "Very complex"),
}


class Price(NamedTuple):
    """What a pattern costs in one respect: 1 (little) to 5 (much), and why."""

    grade: int
    why: str


class Pattern(NamedTuple):
    """`nodes` says what to draw; the four costs are those of COSTS."""

    name: str
    title: str
    summary: str
    nodes: str
    icon: str
    debuggability: Price
    flexibility: Price
    latency: Price
    complexity: Price


PATTERNS: dict[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        Pattern(
            "single",
            "One agent is enough",
            "One agent with its tools answers. A flow around it adds what it needs besides: a check, a person, an end.",
            "One agent node.",
            "bot",
            Price(1, "One conversation holds everything that was thought and done."),
            Price(2, "It uses its tools as the case asks, within one set of instructions."),
            Price(1, "One conversation, often one model call."),
            Price(1, "One set of instructions, one schema, one bill."),
        ),
        Pattern(
            "router",
            "Router with specialists",
            "A router sends each case to the one specialist that fits, and what fits nobody to a person.",
            "A router node, an agent node behind each route, and a question behind otherwise.",
            "split",
            Price(2, "The route, its score and its reason are recorded; then it is one agent."),
            Price(3, "A new kind is a new route. A case of two kinds needs several routes at once."),
            Price(2, "One short call more than a single agent."),
            Price(2, "One agent more to keep apart from the others with each kind."),
        ),
        Pattern(
            "pipeline",
            "Pipeline",
            "Each agent does one step and hands a checked result to the next.",
            "Agent nodes in a row, each with an output schema.",
            "workflow",
            Price(2, "Each step has its input and its output; the first wrong one is the culprit."),
            Price(4, "The order is drawn: a case that needs another order does not fit."),
            Price(4, "Every step waits for the one before."),
            Price(2, "Small agents; the work is in the schemas between them."),
        ),
        Pattern(
            "parallel",
            "Parallel branches and a join",
            "Specialists work on the same case at the same time, and a join puts their results together.",
            "Agent nodes side by side, and a join.",
            "git-fork",
            Price(2, "Branches do not touch each other; each can be looked at alone."),
            Price(4, "Every branch runs in every case, needed or not."),
            Price(2, "As slow as the slowest branch, not as all of them."),
            Price(3, "The join has to say what happens where branches disagree or fail."),
        ),
        Pattern(
            "map",
            "One agent for each item",
            "The same agent works on each item of a list, many at once, and the results are put together.",
            "A map node, and an agent behind it that sums up.",
            "boxes",
            Price(2, "Each item is a step of its own; one that fails can be collected."),
            Price(3, "Any number of items, but each is treated alike."),
            Price(2, "As slow as the slowest items, in as many rounds as run at once."),
            Price(2, "One agent to write; a bound on the items to set."),
        ),
        Pattern(
            "controller",
            "Worker and controller",
            "One agent does the work, another checks it and sends it back until it passes, at most so often.",
            "Two agent nodes, a condition, and a loop edge with a maximum.",
            "repeat",
            Price(2, "Every round shows the draft, the verdict and the reason."),
            Price(3, "New criteria are a line; new work is not foreseen."),
            Price(4, "Two calls a round, and several rounds where the work is poor."),
            Price(3, "The criteria have to be written so that they can be met."),
        ),
        Pattern(
            "supervisor",
            "Supervisor with workers",
            "A supervisor plans what a case needs, lets workers do the parts, looks at what they bring, and answers.",
            "A supervisor node that holds its workers.",
            "network",
            Price(4, "The plan differs from run to run; each delegation is recorded with its reason."),
            Price(1, "It decides in each case who is needed, and asks again."),
            Price(4, "Planning, one or more rounds, and putting it together."),
            Price(4, "Rounds, costs and workers that overlap have to be bounded."),
        ),
        Pattern(
            "handoff",
            "Specialists who hand over",
            "Whoever has the case works on it, and hands it to a colleague when it turns out to be theirs.",
            "A team node with the protocol swarm, or agents with delegation.",
            "send",
            Price(4, "Who had the case when has to be read from the chain of hand-overs."),
            Price(2, "A case finds its way also when it changes its kind on the way."),
            Price(3, "One call for each hand-over, and nobody who plans first."),
            Price(4, "Hand-overs can go round in circles: the longest chain needs a limit."),
        ),
        Pattern(
            "team",
            "Team with debate or vote",
            "Several agents give their views and answer each other's; a vote, a majority or a judge decides.",
            "A team node with the protocol debate or vote.",
            "users",
            Price(4, "The transcript shows who said what; why it tipped is a matter of reading."),
            Price(2, "Views that nobody drew beforehand can come up."),
            Price(5, "Everybody speaks, in several rounds."),
            Price(4, "Who decides, when it stops, and what happens in a tie have to be set."),
        ),
    )
}


def shown_by(flow: Mapping) -> frozenset[str]:
    """The names of the patterns that a flow document, which fits the schema, shows."""
    return frozenset(_shown(parse(flow)))


def _shown(graph: Graph) -> Iterator[str]:
    types = {node.type for node in graph.nodes.values()}
    yield from types & {"router", "map", "supervisor"}
    protocols = {node.config.get("protocol") for node in graph.nodes.values() if node.type == "team"}
    if "swarm" in protocols:
        yield "handoff"
    if protocols - {"swarm"}:
        yield "team"
    agents = [node.id for node in graph.nodes.values() if node.type == "agent"]
    if len(agents) == 1 and not types & {"router", "map", "supervisor", "team", "subflow"}:
        yield "single"
    if any(sum(agent in loop.body for agent in agents) > 1 for loop in graph.loops):
        yield "controller"
    joins = [node.id for node in graph.nodes.values() if node.type == "join"]
    if any(branches_met(graph, join, agents) > 1 for join in joins):
        yield "parallel"
    elif longest_row(graph, agents) > 2:
        yield "pipeline"


def longest_row(graph: Graph, agents: list[str]) -> int:
    """How many agents stand in the longest row, one behind the other."""
    rows: dict[str, int] = {}
    for node in graph.order:
        before = max((rows[edge.source] for edge in graph.incoming[node]), default=0)
        rows[node] = before + (node in agents)
    return max(rows.values(), default=0)


def branches_met(graph: Graph, join: str, agents: list[str]) -> int:
    """How many edges into a join come from agents that work at the same time: behind no common choice of ports."""
    sources = {edge.source for edge in graph.incoming[join] if edge.source in agents}
    forks = {
        (edge.source, edge.port)
        for edge in graph.edges
        if sum(other.port == edge.port for other in graph.outgoing[edge.source]) > 1
    }
    return max((sum(leads_by(graph, fork, one) for one in sources) for fork in forks), default=0)


def leads_by(graph: Graph, fork: tuple[str, str], node: str) -> bool:
    source, port = fork
    return any(graph.leads(edge.target, node) for edge in graph.outgoing[source] if edge.port == port)
