"""What is not published, and what the check says of it (P22, B3, B4; contract 4.1, 4.5, 4.9)."""

import pytest

from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node

ONE = node("a", "transform", output="= 1")
TWO = node("b", "transform", output="= 2")
PICK = node("pick", "condition", cases=[{"port": "go", "when": "true"}])


@pytest.mark.parametrize(
    ("nodes", "drawn", "named"),
    [
        ([ONE, TWO, end()], "start > a; a > b; b > a; b > done", {"a", "b"}),
        ([ONE, TWO, end()], "start > a; a > done", {"b"}),
        ([ONE], "start > a", set()),
        ([ONE, end()], "start > a; a > done; done > a", {"done"}),
        ([ONE, end()], "start > a; a > start; a > done", {"start"}),
        ([ONE, end()], "start > a; a.other > done", {"a"}),
        ([ONE, end()], "start > a; a > nowhere; a > done", set()),
        ([ONE, end()], "start > a; a > done; a > done", {"a"}),
        ([ONE, PICK, end()], "start > a; a > pick; pick.go > a x3; pick.go > done", {"pick"}),
        ([PICK, node("j", "join"), end()], "start > j; j > pick; pick.go > j x3; pick.else > done", {"j"}),
        ([ONE, TWO, PICK, end()], "start > a; start > b; a > pick; b > pick; pick.go > a x3; pick.else > done", {"b"}),
        ([ONE, TWO, PICK, end()], "start > a; a > b; b > pick; pick.go > a x2; pick.else > done; a > done", {"a"}),
    ],
    ids=[
        "a cycle without a limit",
        "unreachable",
        "no end",
        "out of the end",
        "into the start",
        "a port it does not have",
        "to nowhere",
        "the same edge twice",
        "a loop's port used twice",
        "back to a join",
        "into the body beside its head",
        "out of the body beside its tail",
    ],
)  # fmt: skip
def test_a_drawing_that_is_not_sound_is_not_published(house: House, nodes: list, drawn: str, named: set):
    """B4 and the rest of what publishing refuses: the nodes are named."""
    problems = house.problems(nodes, drawn)
    assert problems
    assert named <= {name for _, nodes in problems for name in nodes}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ steps.later.output }}", "later"),
        ("{{ steps.nobody.output }}", "nobody"),
        ("{{ steps.a.output.missing }}", "missing"),
        ("{{ topic }}", "topic"),
        ("{{ input.topci }}", "topci"),
        ("{{ steps.a.output", "steps.a.output"),
    ],
    ids=["a later step", "no step", "no such key", "an unknown name", "a misspelt input", "broken"],
)
def test_a_prompt_that_reads_what_nobody_writes_is_an_error(house: House, text: str, said: str):
    """B3."""
    schema = {"type": "object", "properties": {"topic": {"type": "string"}}, "additionalProperties": False}
    document = house.drawn(
        house.slug("flow"),
        [
            node("a", "transform", output={"n": 1}),
            agent_node("work", house.agent(), text),
            node("later", "transform", output="x"),
            end(),
        ],
        input_schema=schema,
    )
    path = f"projects/demo/flows/{document['slug']}/"
    answer = house.ada.post(f"{path}versions/", json=document)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/nodes/2/config/text"
    assert said in error["detail"]
    # A draft may be wrong for a while: it is kept, with its problems.
    saved = house.ada.put(path, json=document)
    assert saved.status_code == 201
    assert [
        problem["nodes"][0] for problem in saved.json()["problems"] if problem["severity"] == "error"
    ] == ["work"]
    assert (
        house.ada.post("projects/demo/runs/", json={"flow": document["slug"], "input": {}}).status_code == 422
    )


def test_two_steps_that_do_not_fit_are_told_at_their_edge(house: House):
    """P22, C10."""
    maker = house.agent(
        output_schema={"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}}}
    )
    tool = house.tool("read")
    nodes = [
        agent_node("make", maker),
        node("take", "tool", tool=tool, arguments={"n": "= steps.make.output.n"}),
        end(),
    ]
    document = house.drawn(house.slug("flow"), nodes)
    found = house.ada.post(f"projects/demo/flows/{document['slug']}/check/", json=document).json()["problems"]
    (problem,) = [each for each in found if each["severity"] == "error"]
    assert problem["nodes"] == ["make", "take"]
    assert problem["pointer"] == "/edges/1"
    house.problems(nodes)


@pytest.mark.parametrize(
    "broken",
    [
        node("work", "supervisor", agent="x", workers=["y"], text="?"),
        node("work", "teleport"),
        node("work", "agent", agent="nobody", text="?"),
        node("work", "subflow", flow="nothing", input={}),
        node("work", "tool", tool="nothing", arguments={}),
        node("work", "wait"),
        node("work", "join", mode="quorum", count=2),
        node("work", "map", items="[1]"),
        node("work", "router", by="learned", routes=[{"port": "x"}]),
        node("work", "condition", cases=[{"port": "else", "when": "true"}]),
        node("work", "agent", {"retry": {"max_attempts": 11}}, agent="nobody", text="?"),
        node("work", "transform", {"timeout_s": 86_401}, output="x"),
        node("work", "transform", {"colour": "red"}, output="x"),
    ],
    ids=lambda broken: f"{broken['type']}-{sorted(broken.get('config', {}))}",
)
def test_a_node_that_cannot_work_is_not_published(house: House, broken: dict):
    document = house.drawn(house.slug("flow"), [broken, end()])
    answer = house.ada.post(f"projects/demo/flows/{document['slug']}/versions/", json=document)
    assert answer.status_code == 422
    errors = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert all(errors.values()) and any(pointer.startswith("/nodes/1") for pointer in errors)


def test_a_flow_that_would_call_itself_without_end_is_not_published(house: House):
    one, two = house.slug("flow"), house.slug("flow")
    house.publish(house.drawn(one, [ONE, end()]))
    house.publish(house.drawn(two, [node("below", "subflow", flow=one, input={}), end()]))
    for called in (one, two):
        document = house.drawn(one, [node("below", "subflow", flow=called, input={}), end()])
        answer = house.ada.post(f"projects/demo/flows/{one}/versions/", json=document)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/nodes/1/config/flow"]
        assert f"{one} →" in answer.json()["errors"][0]["detail"]


def test_what_a_flow_uses_cannot_be_archived(house: House):
    agent = house.agent()
    flow = house.flow([agent_node("work", agent), end()])
    assert house.ada.delete(f"projects/demo/agents/{agent}/").status_code == 409
    assert house.ada.delete(f"projects/demo/flows/{flow}/").status_code == 204
    assert house.ada.delete(f"projects/demo/agents/{agent}/").status_code == 204


def test_a_flow_says_what_it_may_cost(house: House):
    agent = house.agent(params={"max_tokens": 100})
    nodes = [
        agent_node("work", agent),
        node("more", "condition", cases=[{"port": "again", "when": "false"}]),
        end(),
    ]
    document = house.drawn(
        house.slug("flow"), nodes, "start > work; work > more; more.again > work x4; more.else > done"
    )
    house.publish(stage.scripted({"say": "x", "tokens": {"input": 10, "output": 10}}, slug=f"{agent}-model"))
    answer = house.ada.post(f"projects/demo/flows/{document['slug']}/check/", json=document).json()
    assert answer["problems"] == [] and set(answer["cost"]) == {"expected_usd", "worst_usd", "unbounded"}
    assert answer["cost"]["expected_usd"] > 0
