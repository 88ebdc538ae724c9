"""A crew as its YAML files tell it: agents.yaml, tasks.yaml and, where there is one, how the crew works.

The files come as one list of documents, in any order; agents and tasks may also stand in one document, as `agents:`
and `tasks:`, by name or as lists. The process is read from `process`, `manager_llm` and `manager_agent` at the top.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.imports import given
from flows.imports.outcome import CannotImport
from governance.refusals import pointer

MOST_AGENTS, MOST_TASKS = 50, 100
AGENT_FIELDS = {"role", "goal", "backstory"}
TASK_FIELDS = {"description", "expected_output"}
CREW_FIELDS = {"process", "manager_llm", "manager_agent", "agents", "tasks", "crew", "name", "description"}
READ_OF_AGENT = {
    *AGENT_FIELDS, "name", "id", "llm", "model", "tools", "max_iter", "allow_delegation", "max_execution_time",
    "max_retry_limit", "verbose", "cache",
}  # fmt: skip
READ_OF_TASK = {
    *TASK_FIELDS, "name", "id", "agent", "context", "async_execution", "human_input", "tools", "markdown", "verbose",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agent:
    """`attempts` and `seconds` are of each of its steps."""

    key: str
    place: str
    role: str
    goal: str
    backstory: str
    llm: str
    tools: tuple[str, ...]
    calls: int | None
    attempts: int | None
    seconds: int | None
    delegates: bool
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """`context` are keys of tasks; None where nothing is said, so that all before it are meant."""

    key: str
    place: str
    description: str
    expected: str
    agent: str
    context: tuple[str, ...] | None
    beside: bool
    asks: bool
    markdown: bool
    tools: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Crew:
    name: str
    description: str
    agents: dict[str, Agent]
    tasks: dict[str, Task]
    is_led: bool = False
    manager: str = ""
    manager_llm: str = ""
    unread: tuple[str, ...] = field(default=())


def is_crew(bodies: Iterable[Any]) -> bool:
    """Whether one of the documents holds agents or tasks of a crew."""
    return any(
        isinstance(body, Mapping)
        and "kind" not in body
        and any(looks(part, AGENT_FIELDS) or looks(part, TASK_FIELDS) for part in (body, *parts_of(body)))
        for body in bodies
    )


def parts_of(body: Mapping) -> list[Any]:
    crew = body.get("crew")
    inside = [crew.get(name) for name in ("agents", "tasks")] if isinstance(crew, Mapping) else []
    return [body.get("agents"), body.get("tasks"), *inside]


def looks(part: Any, fields: set[str]) -> bool:
    """Whether this is a list of objects, or an object of them, of which one has these fields."""
    inside = part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ()
    return any(isinstance(item, Mapping) and len(fields & item.keys()) > 1 for item in inside) or (
        any(isinstance(item, Mapping) and "description" in item and "agent" in item for item in inside)
        and fields == TASK_FIELDS
    )


def read(bodies: Iterable[Any]) -> Crew:
    """Raises CannotImport."""
    agents: dict[str, Agent] = {}
    tasks: dict[str, Task] = {}
    crew: dict[str, Any] = {}
    for body in bodies:
        body = given.mapping(body, "", "A file of a crew")
        inner = body.get("crew")
        whole = {**body, **inner} if isinstance(inner, Mapping) else body
        if looks(body, AGENT_FIELDS):
            read_agents(body, "", agents)
        elif looks(body, TASK_FIELDS):
            read_tasks(body, "", tasks)
        else:
            if not is_list_of_names(whole.get("agents")):
                read_agents(whole.get("agents"), "/agents", agents)
            if not is_list_of_names(whole.get("tasks")):
                read_tasks(whole.get("tasks"), "/tasks", tasks)
            crew.update(whole)
    if not agents:
        raise CannotImport("", "There are tasks here, but no agents: add agents.yaml, after a line with ---.")
    if not tasks:
        raise CannotImport("", "There are agents here, but no tasks: add tasks.yaml, after a line with ---.")
    return with_process(agents, tasks, crew)


def is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def with_process(agents: dict[str, Agent], tasks: dict[str, Task], crew: Mapping[str, Any]) -> Crew:
    process = given.line(crew.get("process"), "/process").lower().rpartition(".")[2]
    if process not in ("", "sequential", "hierarchical"):
        raise CannotImport("/process", f"There is no process {process!r}: use sequential or hierarchical.")
    manager = given.line(crew.get("manager_agent"), "/manager_agent")
    if manager and manager not in agents:
        raise CannotImport("/manager_agent", f"There is no agent {manager!r} in agents.yaml.")
    return Crew(
        name=given.line(crew.get("name"), "/name"),
        description=given.text(crew.get("description"), "/description", 5_000),
        agents=agents,
        tasks=tasks,
        is_led=process == "hierarchical",
        manager=manager,
        manager_llm=model_name(crew.get("manager_llm"), "/manager_llm"),
        unread=unread(crew, CREW_FIELDS),
    )


def members(
    value: Any, at: str, what: str, fields: Iterable[str], most: int, found: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """(key, item, place) of each agent or task, none of which is `found` yet. Raises CannotImport."""
    for key, item, place in given.items(value, at, f"{what}s"):
        item = given.mapping(item, place, f"A{'n' if what == 'agent' else ''} {what}")
        key = key_of(key, item, place, fields, found)
        if len(found) == most:
            raise CannotImport(at, f"This crew has more than {most} {what}s: import parts of it.")
        yield key, item, place


def read_agents(value: Any, at: str, found: dict[str, Agent]) -> None:
    for key, item, place in members(value, at, "agent", ("name", "id", "role"), MOST_AGENTS, found):
        found[key] = Agent(
            key=key,
            place=place,
            role=given.text(item.get("role"), place + "/role"),
            goal=given.text(item.get("goal"), place + "/goal"),
            backstory=given.text(item.get("backstory"), place + "/backstory"),
            llm=model_name(item.get("llm", item.get("model")), place + "/llm"),
            tools=tuple(given.names(item.get("tools"), place + "/tools")),
            calls=given.whole(item.get("max_iter"), place + "/max_iter", 0, 1_000),
            attempts=given.whole(item.get("max_retry_limit"), place + "/max_retry_limit", 0, 9),
            seconds=given.whole(item.get("max_execution_time"), place + "/max_execution_time", 1, 86_400),
            delegates=given.flag(item.get("allow_delegation"), place + "/allow_delegation"),
            unread=unread(item, READ_OF_AGENT),
        )


def read_tasks(value: Any, at: str, found: dict[str, Task]) -> None:
    for key, item, place in members(value, at, "task", ("name", "id"), MOST_TASKS, found):
        context = item.get("context")
        found[key] = Task(
            key=key,
            place=place,
            description=given.text(item.get("description"), place + "/description"),
            expected=given.text(item.get("expected_output"), place + "/expected_output"),
            agent=given.line(item.get("agent"), place + "/agent"),
            context=None if context is None else tuple(given.names(context, place + "/context")),
            beside=given.flag(item.get("async_execution"), place + "/async_execution"),
            asks=given.flag(item.get("human_input"), place + "/human_input"),
            markdown=given.flag(item.get("markdown"), place + "/markdown"),
            tools=tuple(given.names(item.get("tools"), place + "/tools")),
            unread=unread(item, READ_OF_TASK),
        )
        if not found[key].description:
            raise CannotImport(place + "/description", "A task needs its description.")


def key_of(key: Any, item: Mapping, place: str, fields: Iterable[str], taken: Mapping) -> str:
    if key is None:
        key = next((item[name] for name in fields if item.get(name) is not None), f"task {len(taken) + 1}")
    found = given.line(key, place)
    if found in taken:
        raise CannotImport(place, f"{found!r} is there twice: rename one.")
    return found


def model_name(value: Any, place: str) -> str:
    """`llm: openai/gpt-4o`, or an object with its `model`."""
    if isinstance(value, Mapping):
        value, place = value.get("model"), place + pointer("model")
    return given.line(value, place)


def unread(item: Mapping, known: set[str]) -> tuple[str, ...]:
    return tuple(given.clean(str(name))[:80] for name in item if name not in known)[:20]
