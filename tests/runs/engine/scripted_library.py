"""Owns what the simulated flows work with: a scripted provider, agents, and tools that do something."""

PRICES = {"m": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}}
FAST = {"backoff_s": 0.2, "factor": 2, "max_backoff_s": 1, "jitter": False}
RETRY = {"retry": {"max_attempts": 3, **FAST}}


def says(node: str, after_s: float = 0.1, **more) -> dict:
    tokens = {"input": 10, "output": 5}
    return {"when": {"node": node}, "say": f"said by {node}", "after_s": after_s, "tokens": tokens, **more}


def calls(node: str, turn: int, *tools: str) -> dict:
    wanted = [{"tool": tool, "arguments": {"amount": 7}} for tool in tools]
    return {
        "when": {"node": node, "turn": turn},
        "calls": wanted,
        "after_s": 0.05,
        "tokens": {"input": 3, "output": 2},
    }


def lets(agent: str, turn: int, *wanted: tuple[str, dict]) -> dict:
    """An agent that asks for these functions and tools in one turn of whatever step it plays."""
    return {
        "when": {"agent": agent, "turn": turn},
        "calls": [{"tool": name, "arguments": arguments} for name, arguments in wanted],
        "after_s": 0.05,
        "tokens": {"input": 3, "output": 2},
    }


def delegate(agent: str, task: str) -> tuple[str, dict]:
    return "delegate", {"agent": agent, "task": task}


SCRIPT = [
    lets(
        "boss",
        1,
        delegate("writer", "one"),
        delegate("clerk", "two"),
        delegate("flow:child", "three"),
        delegate("user:rita", "four"),
    ),
    lets("boss", 2, delegate("writer", "bad item"), delegate("clerk", "five")),
    lets("looper", 1, ("broken", {"amount": 7}), ("broken", {"amount": 7.0})),
    lets("looper", 2, ("broken", {"amount": 7})),
    lets("looper", 3, ("broken", {"amount": 7})),
    lets("head", 1, delegate("looper", "one"), delegate("user:rita", "two"), delegate("writer", "three")),
    lets("giver", 1, ("handoff", {"agent": "taker", "message": "Yours."})),
    {"when": {"node": "votes"}, "json": {"vote": "yes", "reason": "It is right."}, "after_s": 0.3},
    {
        **lets("porter", 1, ("handoff", {"agent": "clerk", "message": "Yours."})),
        "when": {"agent": "porter", "node": "swarm"},
    },
    lets("porter", 1, ("charge", {"amount": 7})),
    lets("porter", 2, ("handoff", {"agent": "clerk", "message": "Yours."})),
    {**calls("led", 1, "lookup", "charge"), "when": {"agent": "clerk", "node": "led", "turn": 1}},
    {**calls("handed", 3, "refund"), "when": {"agent": "clerk", "node": "handed", "turn": 3}},
    {
        **lets("teller", 1, ("out_of_scope", {"agent": "clerk", "reason": "Not mine."})),
        "when": {"agent": "teller", "node": "strayed"},
    },
    lets(
        "teller",
        1,
        ("report_status", {"text": "Half of it."}),
        ("ask_for_help", {"question": "This?"}),
        ("charge", {"amount": 7}),
        ("ask_for_help", {"question": "That?"}),
    ),
    lets("teller", 2, ("escalate", {"reason": "It is hard."})),
    lets("teller", 3, ("report_status", {"text": "I was sent back."}), ("charge", {"amount": 8})),
    lets("teller", 4, ("escalate", {"reason": "It is too hard."})),
    says("slow", 2.0),
    says("slower", 5.0),
    says("flaky", fail={"status": 500, "attempts": 1}),
    says("hopeless", fail={"status": 500}),
    says("refused", fail={"status": 400}),
    calls("paying", 1, "lookup", "charge"),
    calls("paying", 2, "refund"),
    calls("reading", 1, "lookup", "lookup"),
    {
        "when": {"contains": "bad item"},
        "say": "x",
        "fail": {"status": 400},
        "tokens": {"input": 1, "output": 1},
    },
    {"say": "fine", "after_s": 0.1, "tokens": {"input": 10, "output": 5}},
]


def agent(slug: str, **more) -> dict:
    return {
        "kind": "agent",
        "slug": slug,
        "purpose": "Plays.",
        "model": "sim/m",
        "instructions": "Play.",
        **more,
    }


def tool(slug: str, risk: str, delay: str = "0.1", **more) -> dict:
    schema = {"type": "object", "properties": {"amount": {"type": "number"}}}
    config = {"method": "POST", "url": "http://127.0.0.1:1/", "headers": {"X-Delay": delay}}
    return {
        "kind": "tool",
        "slug": slug,
        "type": "http",
        "risk": risk,
        "config": config,
        "input_schema": schema,
        **more,
    }


def asking(slug: str, action: str) -> dict:
    """A person decides for the flows that are named after it."""
    when = 'flow.slug in ["gated", "guarded"]'
    return {"kind": "policy", "slug": slug, "effect": "approve", "actions": [action], "when": when}


LIBRARY = [
    asking("ask-first", "flow.launch"),
    asking("ask-last", "output.release"),
    {"kind": "provider", "slug": "sim", "type": "scripted", "prices": PRICES, "script": SCRIPT},
    {
        "kind": "provider",
        "slug": "dead",
        "type": "scripted",
        "prices": PRICES,
        "script": [{"fail": {"status": 400}, "say": "x"}],
    },
    tool("lookup", "read"),
    tool("charge", "irreversible"),
    tool("book", "write", "1.0"),
    tool("refund", "write", idempotent=True),
    tool("broken", "read"),
    agent("writer"),
    agent("backup"),
    agent("boss"),
    agent("head"),
    agent("looper", tools=["broken"]),
    agent("taker", tools=["lookup"]) | {"model": "dead/m", "fallback_models": ["sim/m"]},
    agent("giver", delegation={"to": ["taker"]}),
    agent(
        "teller",
        tools=["charge"],
        delegation={"to": ["clerk"]},
        reports={"may": ["status", "help", "escalate", "out_of_scope"]},
    ),
    agent("porter", tools=["charge"], delegation={"to": ["clerk"]}),
    agent("clerk", tools=["lookup", "charge", "refund"]),
]
