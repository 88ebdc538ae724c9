"""The flows that are measured: chains, a loop, a map and parallel branches, each step about 1 kB of JSON.

The state of a chain is what peers carry: `{i, data, meta}`. An agent's prompt is different at every step, and its
answer repeats it, so that each step of an agent leaves 1 kB of new text too.
"""

PAYLOAD = "x" * 960
STATE = {"i": 0, "data": PAYLOAD, "meta": {"a": 1}}
START = {"id": "start", "type": "start"}
LONGEST_LOOP = 1_000

PLACES = ["run_input", "run_output", "model_input", "model_output", "tool_input", "tool_output"]
GOVERNANCE = [
    {
        "kind": "policy",
        "slug": "refunds",
        "effect": "approve",
        "actions": ["tool.call"],
        "when": 'tool.slug == "create-refund" && arguments.amount > 50.0',
    },
    {
        "kind": "policy",
        "slug": "no-night",
        "effect": "deny",
        "actions": ["agent.run", "model.call"],
        "when": 'environment == "production" && user != "ada"',
    },
    {
        "kind": "budget",
        "slug": "day",
        "subject": "project",
        "limit_usd": 1000,
        "period": "day",
        "on_exceed": "block",
    },
    {"kind": "budget", "slug": "mine", "subject": "user", "of": "ada", "limit_usd": 1000, "period": "month"},
    {
        "kind": "privacy",
        "slug": "default",
        "rules": [
            {
                "entities": ["EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD"],
                "where": PLACES,
                "action": "tokenize",
            },
            {"entities": ["API_KEY", "AWS_KEY"], "where": PLACES, "action": "mask"},
        ],
    },
]


def chain(slug: str, nodes: list[dict], end: dict, **fields) -> dict:
    """start → nodes in a row → an end with that output."""
    listed = [START, *nodes, {"id": "done", "type": "end", "config": {"output": end}}]
    names = [node["id"] for node in listed]
    edges = [{"from": source, "to": to} for source, to in zip(names, names[1:], strict=False)]
    return {"kind": "flow", "slug": slug, "name": slug, "nodes": listed, "edges": edges, **fields}


def transforms(count: int) -> dict:
    """A chain of pure steps, each of which counts one up."""
    nodes = [_transform(f"t{number}", _before("t", number)) for number in range(1, count + 1)]
    return chain(f"transforms-{count}", nodes, f"= steps.t{count}.output.i")


def agents(count: int, agent: str = "quick", slug: str | None = None, **fields) -> dict:
    """A chain of agents; every prompt holds the input's kilobyte and the name of its step."""
    nodes = [_agent(f"a{number}", agent) for number in range(1, count + 1)]
    return chain(slug or f"{agent}-{count}", nodes, {"text": f"= steps.a{count}.output.text"}, **fields)


def loop(body: int) -> dict:
    """`body` transforms in a loop that runs `input.rounds` times: long runs in a small document."""
    first = _transform("t1", "input")
    first["config"]["output"]["i"] = f"= iteration == 1 ? 1 : steps.t{body}.output.i + 1"
    nodes = [first, *(_transform(f"t{number}", _before("t", number)) for number in range(2, body + 1))]
    again = {"port": "again", "when": "iteration < input.rounds"}
    nodes.append({"id": "more", "type": "condition", "config": {"cases": [again]}})
    flow = chain(f"loop-{body}", nodes, f"= steps.t{body}.output.i")
    flow["edges"][-1]["port"] = "else"
    flow["edges"].append({"from": "more", "port": "again", "to": "t1", "loop": {"max": LONGEST_LOOP}})
    return flow


def mapped(agent: str) -> dict:
    """An agent for each of the input's items."""
    config = {"items": "input.items", "agent": agent, "text": "{{ index }} {{ input.data }}"}
    return chain(
        f"map-{agent}", [{"id": "each", "type": "map", "config": config}], "= size(steps.each.output.items)"
    )


def branches(count: int, agent: str) -> dict:
    """`count` agents side by side between the start and a join."""
    names = [f"a{number}" for number in range(1, count + 1)]
    nodes = [START, *(_agent(name, agent) for name in names)]
    nodes += [{"id": "all", "type": "join"}, {"id": "done", "type": "end"}]
    edges = [{"from": "start", "to": name} for name in names] + [
        {"from": name, "to": "all"} for name in names
    ]
    edges.append({"from": "all", "to": "done"})
    slug = f"branches-{count}-{agent}"
    return {"kind": "flow", "slug": slug, "name": slug, "nodes": nodes, "edges": edges}


def agent(slug: str, provider: str) -> dict:
    return {
        "kind": "agent",
        "slug": slug,
        "name": slug,
        "purpose": "is measured",
        "model": f"{provider}/{provider}",
        "instructions": "You take part in a measurement of {{ run.flow }}.",
    }


def scripted(slug: str, after_s: float) -> dict:
    """A priced model that says what it was asked, `after_s` seconds later."""
    script = [{"after_s": after_s, "say": "an answer"}] if after_s else []
    return {"kind": "provider", "slug": slug, "type": "scripted", "script": script, "prices": _prices(slug)}


def hosted(slug: str, url: str) -> dict:
    """The same over HTTP, through LiteLLM: the model is named like the provider, and its server knows its latency."""
    reached = {"type": "openai", "api_base": url, "api_key": "no-key"}
    return {"kind": "provider", "slug": slug, "prices": _prices(slug), **reached}


def _prices(model: str) -> dict:
    return {model: {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}}


def _before(letter: str, number: int) -> str:
    return "input" if number == 1 else f"steps.{letter}{number - 1}.output"


def _transform(name: str, source: str) -> dict:
    state = {"i": f"= {source}.i + 1", "data": f"= {source}.data", "meta": f"= {source}.meta"}
    return {"id": name, "type": "transform", "config": {"output": state}}


def _agent(name: str, agent: str) -> dict:
    return {"id": name, "type": "agent", "config": {"agent": agent, "text": name + " {{ input.data }}"}}
