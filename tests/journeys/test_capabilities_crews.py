"""Presets of agents, overlap, collapse and cheaper leads, through the front door (R5, R9, P5, P20, B1)."""

import pytest

from registry.presets import ORDER, preset
from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node


@pytest.mark.parametrize("role", ORDER)
def test_a_run_of_every_preset_passes_on_the_offline_model(house: House, role):
    """R9: published as it is, asked its example, and its answer fits its own schema."""
    found, slug = preset(role), house.slug(role)
    house.publish(
        stage.scripted({"json": found.answer}, slug=f"{slug}-model"),
        found.document(slug, f"{slug}-model/any"),
    )
    asked = agent_node("work", slug, "{{ input.text }}")
    play = house.play([asked, end(output="= steps.work.output")], input={"text": found.asked})
    assert play.output == found.answer
    assert play.step("work")["agent"] == slug


def test_a_preset_refuses_an_answer_of_another_shape(house: House):
    """R9: the schema is enforced; one repair is tried."""
    slug = house.slug("router")
    house.publish(
        stage.scripted({"say": "To billing."}, slug=f"{slug}-model"),
        preset("router").document(slug, f"{slug}-model/any"),
    )
    play = house.play([agent_node("work", slug), end()])
    play.failed("invalid_output", "work")


def checked(house: House, nodes: list[dict], *drawn: str) -> dict:
    slug = house.slug("flow")
    document = house.drawn(slug, nodes, *drawn)
    answer = house.ada.post(f"projects/demo/flows/{slug}/check/", json=document)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_two_agents_of_one_scope_behind_one_router_are_warned_of(house: House):
    """R5."""
    scope = {"purpose": "Answers questions on payments and refunds.", "tools": [house.tool()]}
    router, one, two = house.agent(), house.agent(**scope), house.agent(**scope)
    nodes = [
        node("route", "router", by="agent", agent=router, text="?", routes=[{"port": "a"}, {"port": "b"}]),
        agent_node("first", one),
        agent_node("second", two),
        end(),
    ]
    drawn = "start > route; route.a > first; route.b > second; route.otherwise > done; first > done; second > done"
    [warning] = [
        each for each in checked(house, nodes, drawn)["problems"] if each["code"] == "agents_overlap"
    ]
    assert (warning["severity"], warning["nodes"]) == ("warning", ["route", "first", "second"])
    assert warning["message"].startswith(f"{one} and {two} overlap (tools 100%, description sim 1.0)")
    assert house.flow(nodes, drawn)  # a warning stops no publishing


def test_a_dear_router_before_cheap_workers_is_told_a_cheaper_model(house: House):
    """P5."""
    slug, workers = (
        house.slug("router"),
        [house.agent(purpose=words) for words in ("Writes poems.", "Adds numbers.")],
    )
    dear = {"input_usd_per_mtok": 20, "output_usd_per_mtok": 80}
    cheap = {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.4}
    house.publish(
        {**stage.scripted(slug=f"{slug}-model"), "prices": {"dear": dear, "cheap": cheap}},
        stage.agent(slug, f"{slug}-model/dear"),
    )
    nodes = [
        node("route", "router", by="agent", agent=slug, text="?", routes=[{"port": "a"}, {"port": "b"}]),
        *(agent_node(f"w{place}", worker) for place, worker in enumerate(workers)),
        end(),
    ]
    drawn = "start > route; route.a > w0; route.b > w1; route.otherwise > done; w0 > done; w1 > done"
    [hint] = [each for each in checked(house, nodes, drawn)["hints"] if each["code"] == "dear_lead"]
    assert (hint["severity"], hint["pointer"], hint["nodes"]) == ("info", "/nodes/1/config/agent", ["route"])
    assert f"{slug}-model/dear costs at least as much" in hint["message"]
    assert "costs less than 1% of it" in hint["message"]


def test_the_check_says_what_one_agent_alone_would_lose(house: House):
    """P20, B1: nothing, or what; and above seven agents the question is asked."""
    agents = [house.slug("crew") for _ in range(8)]
    house.publish(
        stage.scripted(slug="crew-model"), *(stage.agent(slug, "crew-model/any") for slug in agents)
    )
    enough = checked(house, [*(agent_node(f"n{n}", slug) for n, slug in enumerate(agents[:2])), end()])
    assert enough["alone"] == {
        "agents": 2,
        "enough": True,
        "advice": "One agent is enough: nothing that the 2 agents of this flow bring would be lost.",
        "losses": [],
    }
    ask = node("ask", "approval", reviewers=["role:reviewer"])
    edges = "start > n0; n0 > ask; ask.approved > n1; ask.rejected > done; n1 > done"
    asked = checked(house, [agent_node("n0", agents[0]), ask, agent_node("n1", agents[1]), end()], edges)
    assert [(loss["kind"], loss["nodes"]) for loss in asked["alone"]["losses"]] == [("people", ["ask"])]
    crowd = checked(house, [*(agent_node(f"n{n}", slug) for n, slug in enumerate(agents)), end()])
    assert [(each["code"], each["severity"]) for each in crowd["problems"]] == [("many_agents", "warning")]
    assert crowd["alone"]["agents"] == 8
