"""Ways through a flow: lines, conditions, routers, ends (P1, P6, P8, R7; contract 4.2, 4.3, 4.7)."""

import pytest

from tests.journeys.playhouse import House, agent_node, edges, end, node

BILLING, TECHNICAL, SALES = "charg refund invoice pay", "crash error bug login", "price upgrade plan buy"


def mentions(words: str) -> str:
    return " || ".join(f'input.message.contains("{word}")' for word in words.split())


def specialists(house: House) -> list[dict]:
    agent = house.agent()
    return [agent_node(id, agent, f"{id} has it") for id in ("billing", "technical", "sales", "human")]


RULES = [
    {"port": "billing", "when": mentions(BILLING)},
    {"port": "technical", "when": mentions(TECHNICAL)},
    {"port": "sales", "when": mentions(SALES)},
]
SPREAD = (
    "start > route; route.billing > billing; route.technical > technical; route.sales > sales; "
    "route.otherwise > human; billing > done; technical > done; sales > done; human > done"
)
CASES = [
    ("I was charged twice", "billing"),
    ("app crashes", "technical"),
    ("the app crashes when I log in", "technical"),
    ("please refund my order", "billing"),
    ("where is my invoice?", "billing"),
    ("I cannot pay by card", "billing"),
    ("my payment failed but I was charged anyway", "billing"),
    ("I see an error 500", "technical"),
    ("there is a bug in the export", "technical"),
    ("login does not work", "technical"),
    ("error when I pay", "billing"),
    ("what is the price for ten seats?", "sales"),
    ("I want to upgrade", "sales"),
    ("which plan fits us?", "sales"),
    ("can I buy this in Spain?", "sales"),
    ("upgrade fails with an error", "technical"),
    ("hello", "human"),
    ("", "human"),
    ("¿Dónde está mi pedido?", "human"),
    ("CRASH", "human"),
]


@pytest.fixture(scope="module")
def desk(house: House) -> str:
    """A support flow whose router goes by rules; its slug."""
    nodes = [node("route", "router", by="rules", routes=RULES), *specialists(house), end()]
    return house.flow(nodes, SPREAD)


@pytest.mark.parametrize(("message", "route"), CASES)
def test_a_ticket_reaches_its_specialist_and_the_choice_is_on_record(
    house: House, desk: str, message: str, route: str
):
    """P6: twenty tickets, the right specialist each, and why."""
    play = house.launch(desk, {"message": message})
    assert play.output == {route: {"text": f"{route} has it"}}
    port = "otherwise" if route == "human" else route
    assert play.step("route")["port"] == port
    (choice,) = play.lines("choice.made")
    assert (choice["kind"], choice["method"], choice["chosen"]) == ("router", "rules", [port])
    assert [candidate["name"] for candidate in choice["candidates"]] == ["billing", "technical", "sales"]
    lost = [candidate for candidate in choice["candidates"] if candidate["name"] != port]
    assert all(candidate["excluded_because"] for candidate in lost)
    others = {"billing", "technical", "sales", "human"} - {route}
    assert {play.statuses()[id] for id in others} == {"skipped"}


def by_agent(house: House, answer: dict, **more) -> dict:
    routes = [{"port": port, "description": port} for port in ("billing", "technical", "sales")]
    router = house.agent({"json": answer})
    return node(
        "route", "router", by="agent", agent=router, text="{{ input.message }}", routes=routes, **more
    )


def named(*routes: tuple[str, float]) -> dict:
    return {
        "routes": [{"port": port, "confidence": confidence} for port, confidence in routes],
        "reason": "So.",
    }


@pytest.mark.parametrize(
    ("routes", "least", "port"),
    [
        ([("technical", 0.9), ("billing", 0.3)], 0.7, "technical"),
        ([("sales", 0.8), ("technical", 0.8)], 0.7, "technical"),
        ([("billing", 0.69)], 0.7, "otherwise"),
        ([("billing", 0.7)], 0.7, "billing"),
        ([], 0.0, "otherwise"),
        ([("billing", 0.2), ("billing", 0.9), ("sales", 0.8)], 0.5, "billing"),
    ],
    ids=["highest", "tie goes to the earlier route", "below", "at the threshold", "none", "named twice"],
)
def test_a_router_by_agent_takes_the_surest_route(house: House, routes: list, least: float, port: str):
    """P8: only the router's config and the record's method differ from the rules."""
    route = by_agent(house, named(*routes), min_confidence=least)
    play = house.play([route, *specialists(house), end()], SPREAD, input={"message": "?"})
    play.ended()
    (choice,) = play.lines("choice.made")
    assert (choice["method"], choice["chosen"], choice["reason"]) == ("agent", [port], "So.")
    output = play.step("route")["output"]
    assert (output["port"], output["ports"], output["reason"]) == (port, [port], "So.")
    scores = {
        name: max([c for n, c in routes if n == name], default=0)
        for name in ("billing", "technical", "sales")
    }
    assert output["routes"] == [{"port": name, "score": score} for name, score in scores.items()]
    assert play.statuses()["human" if port == "otherwise" else port] == "succeeded"


def test_a_router_by_agent_that_names_an_unknown_route_is_asked_again(house: House):
    router = house.agent(
        {"when": {"turn": 1}, "json": named(("accounting", 0.9))},
        {"when": {"turn": 2, "contains": "does not fit the schema"}, "json": named(("billing", 0.9))},
    )
    route = node(
        "route",
        "router",
        by="agent",
        agent=router,
        text="?",
        routes=[{"port": each["port"]} for each in RULES],
    )
    play = house.play([route, *specialists(house), end()], SPREAD)
    assert play.output == {"billing": {"text": "billing has it"}}
    assert len(play.lines("model.called", "route")) == 2


def test_several_routes_are_taken_at_once(house: House):
    route = by_agent(
        house, named(("sales", 0.8), ("billing", 0.7), ("technical", 0.2)), multiple=True, min_confidence=0.5
    )
    nodes = [
        route,
        *specialists(house),
        node("all", "join", combine="list"),
        end(output="= steps.all.output"),
    ]
    drawn = SPREAD.replace("> done", "> all") + "; all > done"
    play = house.play(nodes, drawn, input={"message": "?"})
    assert play.output == {"items": [{"text": "billing has it"}, {"text": "sales has it"}]}
    output = play.step("route")["output"]
    assert (output["ports"], output["port"], output["confidence"]) == (["billing", "sales"], "billing", 0.8)
    assert play.statuses()["technical"] == play.statuses()["human"] == "skipped"


def test_several_rules_are_taken_at_once_and_none_is_otherwise(house: House):
    nodes = [
        node("route", "router", by="rules", multiple=True, routes=RULES),
        *specialists(house),
        node("all", "join", combine="list"),
        end(output="= steps.all.output"),
    ]
    flow = house.flow(nodes, SPREAD.replace("> done", "> all") + "; all > done")
    both = house.launch(flow, {"message": "crash after I was charged"})
    assert both.output == {"items": [{"text": "billing has it"}, {"text": "technical has it"}]}
    assert both.lines("choice.made")[0]["chosen"] == ["billing", "technical"]
    assert house.launch(flow, {"message": "hm"}).output == {"items": [{"text": "human has it"}]}


def test_each_step_of_a_pipeline_gets_what_the_one_before_gave(house: House):
    """P1."""
    nodes = [
        agent_node("research", house.agent({"say": "Facts on bees."})),
        agent_node("outline", house.agent(), "Outline: {{ steps.research.output.text }}"),
        agent_node("draft", house.agent(), "Draft: {{ steps.outline.output.text }}"),
        agent_node("edit", house.agent(), "Edit: {{ steps.draft.output.text }}"),
        end(output="{{ steps.edit.output.text }}"),
    ]
    play = house.play(nodes, input={"topic": "bees"})
    assert play.output == "Edit: Draft: Outline: Facts on bees."
    order = ["start", "research", "outline", "draft", "edit", "done"]
    steps = [play.step(id) for id in order]
    assert steps[0]["output"] == {"topic": "bees"}
    assert [step["input"] for step in steps[1:]] == [step["output"] for step in steps[:-1]]
    assert [step["node"] for step in play.steps()] == order


def test_the_first_case_that_is_true_wins(house: House):
    cases = [{"port": "small", "when": "input.n < 10"}, {"port": "even", "when": "input.n % 2 == 0"}]
    nodes = [node("size", "condition", cases=cases), *(end(id, id) for id in ("small", "even", "rest"))]
    flow = house.flow(nodes, "start > size; size.small > small; size.even > even; size.else > rest")
    assert {n: house.launch(flow, {"n": n}).output for n in (4, 12, 13)} == {
        4: "small",
        12: "even",
        13: "rest",
    }


def test_several_ends_make_an_object_and_one_end_its_output(house: House):
    many = [{"port": "b", "when": "input.both"}]
    nodes = [node("pick", "condition", cases=many), end("one", "= 1"), end("two", {"deep": ["= 2"]})]
    flow = house.flow(nodes, "start > one; start > pick; pick.b > two")
    assert house.launch(flow, {"both": True}).output == {"one": 1, "two": {"deep": [2]}}
    assert house.launch(flow, {"both": False}).output == 1


def test_a_run_that_reaches_no_end_fails_and_says_so(house: House):
    cases = [{"port": "go", "when": "false"}]
    play = house.play([node("pick", "condition", cases=cases), end()], "start > pick; pick.go > done")
    play.failed("no_end_reached")


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("input.missing > 1", "missing"),
        ("input.n + 1.5 > 2.0", "input.n + 1.5"),
        ("input.n", "input.n"),
    ],
    ids=["an absent key", "int plus double", "not a boolean"],
)
def test_an_expression_that_fails_names_itself(house: House, when: str, said: str):
    play = house.play(
        [node("pick", "condition", cases=[{"port": "go", "when": when}]), end()],
        "start > pick; pick.go > done; pick.else > done",
        input={"n": 1},
    )
    run = play.failed("expression_error", "pick")
    assert said in run["error"]["message"]


def test_a_specialist_is_added_by_one_route_and_its_edges(house: House):
    """R7: no other node changes."""
    nodes = [node("route", "router", by="rules", routes=RULES), *specialists(house), end()]
    slug = house.flow(nodes, SPREAD)
    path = f"projects/demo/flows/{slug}/versions/"
    before = house.ada.read(f"{path}1/")["document"]
    spanish = {"port": "spanish", "when": 'input.message.contains("¿")'}

    def with_spanish(each: dict) -> dict:
        if each["id"] != "route":
            return each
        return {**each, "config": {**each["config"], "routes": [spanish, *RULES]}}

    after = {
        **before,
        "nodes": [
            *map(with_spanish, before["nodes"]),
            agent_node("translator", house.agent(), "translator has it"),
        ],
        "edges": [*before["edges"], *edges("route.spanish > translator; translator > done")],
    }
    assert house.ada.post(path, json=after).json()["version"] == 2
    asked = {"message": "¿Dónde está mi pedido?"}
    assert house.launch(slug, asked).output == {"translator": {"text": "translator has it"}}
    assert house.launch(f"{slug}@1", asked).output == {"human": {"text": "human has it"}}
