"""Owns the flows that the simulation plays: one for each thing that can be interrupted."""

from tests.flows.drawings import flow, node
from tests.runs.engine.scripted_library import RETRY


def named(slug: str, nodes: list[dict], edges: list[str], **more) -> dict:
    whole = [
        node("start", "start"),
        *nodes,
        *(() if any(n["id"] == "done" for n in nodes) else [node("done", "end")]),
    ]
    return flow(whole, edges, **more) | {"slug": slug}


def ask(name: str, agent: str = "writer", **more) -> dict:
    return node(name, "agent", {"agent": agent, "text": f"Do {name}."}, **more)


def use(name: str, tool: str, **more) -> dict:
    return node(name, "tool", {"tool": tool, "arguments": {"amount": 3}}, **more)


def sees(name: str) -> str:
    """How many notes a step sees, for `invariants.check_state`."""
    return f"= {{'by': '{name}', 'n': size(state.notes)}}"


QUESTION = {
    "assignee": "user:rita",
    "text": "Which?",
    "schema": {"type": "object", "properties": {"answer": {"type": "string"}}},
}

FLOWS = [
    named(
        "line",
        [
            node("shape", "transform", {"output": {"n": 1}}),
            ask("quick"),
            use("pay", "charge"),
            ask("flaky", **RETRY),
        ],
        ["start -> shape", "shape -> quick", "quick -> pay", "pay -> flaky", "flaky -> done"],
    ),
    named(
        "fan",
        [
            ask("paying", "clerk"),
            ask("slow"),
            use("note", "book"),
            node("rest", "wait", {"seconds": 1}),
            node("all", "join", {"mode": "all", "combine": "object"}),
        ],
        [
            *(f"start -> {name}" for name in ("paying", "slow", "note", "rest")),
            *(f"{name} -> all" for name in ("paying", "slow", "note", "rest")),
            "all -> done",
        ],
    ),
    named(
        "early",
        [
            ask("slow"),
            ask("quick"),
            node(
                "many",
                "map",
                {"items": "[1, 2, 3]", "agent": "writer", "text": "slow {{ item }}", "max_concurrency": 1},
            ),
            node("asked", "question", QUESTION),
            node("below", "subflow", {"flow": "child", "input": {}}),
            node("first", "join", {"mode": "any", "combine": "list"}),
            ask("after"),
        ],
        [
            *(f"start -> {name}" for name in ("slow", "quick", "many", "asked", "below")),
            *(f"{name} -> first" for name in ("slow", "quick", "many", "asked", "below")),
            "first -> after",
            "after -> done",
        ],
    ),
    named(
        "rounds",
        [
            node("head", "transform", {"output": {"round": "= iteration"}}),
            ask("quick"),
            ask("slow"),
            node("either", "join", {"mode": "any", "combine": "list"}),
            node("again", "condition", {"cases": [{"port": "more", "when": "iteration < 3"}]}),
            ask("last"),
        ],
        [
            "start -> head",
            "head -> quick",
            "head -> slow",
            "quick -> either",
            "slow -> either",
            "either -> again",
            "again:more -> head *5",
            "again:else -> last",
            "last -> done",
        ],
    ),
    named(
        "people",
        [
            node("approve", "approval", {"reviewers": ["role:reviewer"], "payload": {"a": 1}}),
            node("asked", "question", QUESTION),
            node("ignored", "approval", {"reviewers": ["user:rita"], "due_in_s": 2, "on_timeout": "port"}),
            ask("quick"),
            node("all", "join", {"mode": "all", "combine": "object"}),
        ],
        [
            *(f"start -> {name}" for name in ("approve", "asked", "ignored", "quick")),
            "approve:approved -> all",
            "asked -> all",
            "ignored:timed_out -> all",
            "quick -> all",
            "all -> done",
        ],
    ),
    named(
        "mapped",
        [
            node(
                "items",
                "map",
                {
                    "items": "['a', 'bad item', 'c', 'd']",
                    "agent": "writer",
                    "text": "{{ item }}",
                    "max_concurrency": 2,
                    "on_item_error": "collect",
                },
            ),
            node("flows", "map", {"items": "[1, 2, 3]", "flow": "child", "input": {"n": "= item"}}),
            node(
                "tools",
                "map",
                {"items": "[1, 2]", "tool": "charge", "arguments": {"amount": "= double(item)"}},
            ),
        ],
        [
            "start -> items",
            "start -> flows",
            "start -> tools",
            "items -> done",
            "flows -> done",
            "tools -> done",
        ],
    ),
    named(
        "child",
        [node("asked", "question", QUESTION), node("rest", "wait", {"seconds": 1}), ask("quick")],
        ["start -> asked", "start -> rest", "asked -> quick", "rest -> quick", "quick -> done"],
    ),
    named("gated", [ask("quick")], ["start -> quick", "quick -> done"]),
    named(
        "guarded",
        [
            node("below", "subflow", {"flow": "gated", "input": {"n": 1}}),
            node("many", "map", {"items": "[1, 2]", "flow": "gated", "input": {"n": "= item"}}),
            ask("slow"),
        ],
        [
            *(f"start -> {name}" for name in ("below", "many", "slow")),
            *(f"{name} -> done" for name in ("below", "many", "slow")),
        ],
    ),
    named(
        "nested",
        [node("below", "subflow", {"flow": "child", "input": {"n": 1}}), ask("slow"), ask("quick")],
        ["start -> below", "start -> slow", "below -> quick", "slow -> quick", "quick -> done"],
        limits={"max_cost_usd": 1},
    ),
    named("doomed", [use("broken", "broken")], ["start -> broken", "broken -> done"]),
    named(
        "teamed",
        [
            node(
                "led",
                "supervisor",
                {"agent": "boss", "workers": ["writer", "clerk", "flow:child", "user:rita"], "text": "Go."},
            ),
            node("handed", "agent", {"agent": "porter", "text": "Go."}),
        ],
        ["start -> led", "start -> handed", "led -> done", "handed -> done"],
    ),
    named(
        "circling",
        [
            ask("looks", "looper", on_error="port"),
            ask("passed", "giver"),
            node("all", "join", {"mode": "all", "combine": "object"}),
        ],
        ["start -> looks", "start -> passed", "looks:error -> all", "passed -> all", "all -> done"],
    ),
    named(
        "given-up",
        [
            node(
                "led",
                "supervisor",
                {"agent": "head", "workers": ["looper", "writer", "user:rita"], "text": "Go."},
                on_error="port",
            ),
        ],
        ["start -> led", "led:error -> done"],
    ),
    named(
        "shared",
        [
            *(ask(name, writes={"notes": "= output.text", "saw": sees(name)}) for name in ("slow", "quick")),
            use("pay", "charge", writes={"highest": "= size(state.notes) + 4"}),
            node("all", "join", {"mode": "all", "combine": "object"}),
            node(
                "head",
                "transform",
                {"output": {"n": "= iteration"}},
                writes={
                    "rounds": "= output.n",
                    "saw": sees("head"),
                    "last": "= output",
                },
            ),
            ask(
                "slower",
                writes={"notes": "= output.text", "saw": sees("slower")},
            ),
            node("again", "condition", {"cases": [{"port": "more", "when": "state.last.n < 3"}]}),
            node(
                "done",
                "end",
                {
                    "output": {
                        "notes": "= size(state.notes)",
                        "rounds": "= state.rounds",
                        "last": "= state.last",
                        "slow": "= state.notes.exists(note, note.contains('slow'))",
                    }
                },
            ),
        ],
        [
            *(f"start -> {name}" for name in ("slow", "quick", "pay")),
            *(f"{name} -> all" for name in ("slow", "quick", "pay")),
            "all -> head",
            "head -> slower",
            "slower -> again",
            "again:more -> head *5",
            "again:else -> done",
        ],
        state={
            "schema": {
                "type": "object",
                "properties": {
                    "notes": {"type": "array", "default": []},
                    "saw": {"type": "array"},
                    "rounds": {"type": "array", "items": {"type": "integer"}},
                    "highest": {"type": "integer"},
                    "last": {"type": "object"},
                },
            },
            "reducers": {"notes": "append", "saw": "append", "rounds": "append", "highest": "max"},
        },
    ),
    named(
        "meeting",
        [
            node(
                "votes",
                "team",
                {
                    "participants": ["writer", "clerk", "user:rita"],
                    "protocol": "vote",
                    "options": ["yes", "no"],
                    "text": "Go?",
                },
            ),
            node("swarm", "team", {"participants": ["porter", "clerk"], "protocol": "swarm", "text": "Go."}),
        ],
        ["start -> votes", "start -> swarm", "votes -> done", "swarm -> done"],
    ),
    named(
        "reported",
        [ask("telling", "teller", fallback=["backup"]), ask("strayed", "teller")],
        ["start -> telling", "start -> strayed", "telling -> done", "strayed -> done"],
    ),
    named("dull", [ask("slow")], ["start -> slow", "slow -> done"]),
    named(
        "insisting",
        [
            node("below", "subflow", {"flow": "doomed", "input": {}}, escalate={"to": "role:reviewer"}),
            ask("quick"),
        ],
        ["start -> below", "start -> quick", "below -> done", "quick -> done"],
    ),
    named(
        "bounded",
        [
            node("below", "subflow", {"flow": "dull", "input": {}}, timeout_s=0.5, on_error="port", **RETRY),
            node(
                "many",
                "map",
                {"items": "[1, 2]", "flow": "dull", "input": {}},
                timeout_s=0.5,
                on_error="port",
            ),
            node("asks", "map", {"items": "[1, 2]", "flow": "child", "input": {}}, timeout_s=2),
            node("all", "join", {"mode": "all", "combine": "object"}),
        ],
        [
            *(f"start -> {name}" for name in ("below", "many", "asks")),
            "below:error -> all",
            "many:error -> all",
            "asks -> all",
            "all -> done",
        ],
    ),
    named(
        "escalated",
        [ask("hopeless", fallback=["backup"], escalate={"to": "role:reviewer"}, **RETRY), ask("quick")],
        ["start -> hopeless", "start -> quick", "hopeless -> done", "quick -> done"],
    ),
    named(
        "failing",
        [
            ask("slow"),
            node("rest", "wait", {"seconds": 0.6}),
            ask("refused"),
            node("below", "subflow", {"flow": "child", "input": {}}),
            node("many", "map", {"items": "[1, 2, 3]", "flow": "child", "input": {}}),
            use("long", "refund"),
            node("asked", "question", QUESTION),
        ],
        [
            *(f"start -> {name}" for name in ("slow", "rest", "below", "many", "long", "asked")),
            "rest -> refused",
            *(f"{name} -> done" for name in ("slow", "refused", "below", "many", "long", "asked")),
        ],
    ),
    named(
        "tolerant",
        [
            node(
                "many",
                "map",
                {
                    "items": "['a', 'bad item', 'c']",
                    "agent": "writer",
                    "text": "{{ item }}",
                    "max_concurrency": 2,
                },
                on_error="port",
            ),
            node(
                "flows",
                "map",
                {"items": "['no', {'n': 1}]", "flow": "child", "input": "= item"},
                on_error="port",
            ),
            ask("quick"),
            node("all", "join", {"mode": "all", "combine": "object"}),
            ask("slow"),
        ],
        [
            "start -> many",
            "start -> flows",
            "start -> quick",
            "many:error -> all",
            "flows:error -> all",
            "quick -> all",
            "all -> slow",
            "slow -> done",
        ],
    ),
    named(
        "limited",
        [ask("quick"), node("rest", "wait", {"seconds": 4}), ask("slow"), ask("slower")],
        ["start -> quick", "quick -> rest", "rest -> slow", "slow -> slower", "slower -> done"],
        limits={"timeout_s": 4},
    ),
    named(
        "counted",
        [
            node(
                "many",
                "map",
                {
                    "items": "[1, 2, 3, 4, 5, 6]",
                    "agent": "writer",
                    "text": "{{ item }}",
                    "max_concurrency": 2,
                },
            ),
            ask("slow"),
        ],
        ["start -> many", "start -> slow", "many -> done", "slow -> done"],
        limits={"max_steps": 5},
    ),
    named(
        "timed",
        [
            ask("slow", timeout_s=1, on_error="port", **RETRY),
            use("pay", "charge", timeout_s=0.5),
            node("asked", "question", QUESTION, timeout_s=0.5),
            use("broken", "broken", on_error="port"),
            node("all", "join", {"mode": "quorum", "count": 4, "combine": "object"}),
        ],
        [
            *(f"start -> {name}" for name in ("slow", "pay", "asked", "broken")),
            "slow:error -> all",
            "pay -> all",
            "asked -> all",
            "broken:error -> all",
            "all -> done",
        ],
    ),
    named(
        "storm",
        [
            node("head", "transform", {"output": {"round": "= iteration"}}),
            ask("quick"),
            node(
                "many",
                "map",
                {"items": "[1, 2, 3]", "agent": "writer", "text": "{{ item }}", "max_concurrency": 2},
            ),
            node("flows", "map", {"items": "[1, 2]", "flow": "child", "input": {}}),
            node("asked", "question", QUESTION),
            use("book", "book"),
            node("two", "join", {"mode": "quorum", "count": 2, "combine": "list"}),
            node("again", "condition", {"cases": [{"port": "more", "when": "iteration < 4"}]}),
        ],
        [
            "start -> head",
            *(f"head -> {name}" for name in ("quick", "many", "flows", "asked", "book")),
            *(f"{name} -> two" for name in ("quick", "many", "flows", "asked", "book")),
            "two -> again",
            "again:more -> head *5",
            "again:else -> done",
        ],
    ),
    named(
        "tight",
        [
            node("many", "map", {"items": "[1, 2, 3, 4]", "agent": "writer", "text": "{{ item }}"}),
            use("note", "book"),
        ],
        ["start -> many", "many -> note", "note -> done"],
        limits={"max_cost_usd": 0.005},
    ),
]
