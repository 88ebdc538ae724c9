"""Agents and flows as versions, and what a run pins of them (R1–R3, R6, C10)."""

from datetime import UTC, datetime

from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node

SAID = end(output="{{ steps.work.output.text }}")


def versions(house: House, slug: str, kind: str = "agents") -> list[dict]:
    return list(house.ada.pages(f"projects/demo/{kind}/{slug}/versions/"))


def test_an_edited_prompt_is_a_second_version_and_the_first_stays(house: House):
    """R1."""
    slug = house.agent(instructions="One.")
    path = f"projects/demo/agents/{slug}/"
    draft = {**house.ada.read(path)["document"], "instructions": "Two."}
    assert house.ada.put(path, json=draft).status_code == 200
    assert house.ada.read(path)["draft"]["instructions"] == "Two."
    assert house.ada.read(path)["document"]["instructions"] == "One."
    assert house.ada.post(f"{path}versions/").status_code == 201
    again = house.ada.post(f"{path}versions/", json=draft)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    found = versions(house, slug)
    assert [(v["version"], v["document"]["instructions"], v["active"]) for v in found] == [
        (2, "Two.", True),
        (1, "One.", False),
    ]
    assert {v["created_by"] for v in found} == {"ada"}
    assert found[0]["created_at"] > found[1]["created_at"] and found[0]["hash"] != found[1]["hash"]
    for verb in ("PUT", "PATCH", "DELETE"):
        assert house.ada.request(verb, f"{path}versions/1/", json=draft).status_code == 405


def two_versions(house: House) -> tuple[str, str]:
    """An agent that says its instructions by version, waiting first; (agent, flow)."""
    slug = house.agent(instructions="One.")
    house.publish(stage.agent(slug, f"{slug}-model/any", instructions="Two."))
    ask = node("ask", "question", assignee="role:reviewer", text="?")
    return slug, house.flow([ask, agent_node("work", slug), SAID])


def prompt_of(house: House, play) -> str:
    (data,) = play.lines("model.called", "work")
    part = next(message["part"] for message in data["prompt"] if message["role"] == "system")
    return house.ada.read(f"runs/{play.id}/parts/{part}/")["text"]


def test_a_rollback_counts_for_the_next_run_and_not_for_those_that_started(house: House):
    """R2, R3: who rolled back and when, the pinned version, and the prompt that was sent."""
    slug, flow = two_versions(house)
    before = house.launch(flow)
    before.waits()
    made = house.ada.post(f"projects/demo/agents/{slug}/activations/", json={"version": 1})
    assert made.status_code == 201 and (made.json()["version"], made.json()["by"]) == (1, "ada")
    after = house.launch(flow)
    after.waits()
    for play, number, prompt in ((before, 2, "Two."), (after, 1, "One.")):
        play.decided("answer", payload={}).ended()
        step = play.step("work")
        assert (step["agent"], step["version"]) == (slug, number)
        assert play.ended()["pins"] == {f"agents/{slug}": number}
        assert prompt_of(house, play) == prompt
    audit = list(house.ada.pages("projects/demo/audit/?limit=500"))
    (line,) = [line for line in audit if slug in line["object"] and line["action"] == "agent.activate"]
    assert (line["actor"], line["at"] >= made.json()["at"][:19]) == ("ada", True)


def test_what_was_active_at_a_moment_can_be_asked(house: House):
    """R3."""
    early = datetime.now(UTC).isoformat()
    slug = house.agent(instructions="One.")
    between = datetime.now(UTC).isoformat()
    house.publish(stage.agent(slug, f"{slug}-model/any", instructions="Two."))
    path = f"projects/demo/agents/{slug}/as-of/"
    found = house.ada.get(path, params={"at": between}).json()
    assert (found["version"], found["document"]["instructions"]) == (1, "One.")
    now = house.ada.get(path, params={"at": datetime.now(UTC).isoformat()}).json()
    assert (now["version"], now["document"]) == (2, versions(house, slug)[0]["document"])
    assert house.ada.get(path, params={"at": early}).status_code == 404


def test_each_agent_of_a_flow_has_its_own_model_and_cost(house: House):
    """R6: the trace names both models, usage splits by them."""
    router = house.agent(
        {"json": {"routes": [{"port": "work", "confidence": 1}]}, "tokens": {"input": 100, "output": 0}}
    )
    worker = house.agent({"say": "Done.", "tokens": {"input": 5000, "output": 0}})
    nodes = [
        node("route", "router", by="agent", agent=router, text="?", routes=[{"port": "work"}]),
        agent_node("work", worker),
        SAID,
        end("lost"),
    ]
    play = house.play(nodes, "start > route; route.work > work; work > done; route.otherwise > lost")
    assert play.output == "Done."
    assert {n: play.lines("model.called", n)[0]["model"] for n in ("route", "work")} == {
        "route": f"{router}-model/any",
        "work": f"{worker}-model/any",
    }
    usage = house.ada.read("projects/demo/usage/?by=model,agent")["results"]
    costs = {row["agent"]: (row["model"], row["cost_usd"], row["calls"]) for row in usage}
    assert costs[router] == (f"{router}-model/any", 0.0001, 1)
    assert costs[worker] == (f"{worker}-model/any", 0.005, 1)


def test_a_flow_comes_back_as_it_was_sent(house: House):
    """C10."""
    document = house.drawn(
        house.slug("flow"),
        [
            {
                **agent_node("work", house.agent(), "Ünïcode {{ input.x }}"),
                "position": {"x": 10, "y": -20.5},
                "note": "N",
            },
            end(output={"b": 1, "a": ["= 1.0", None, True, 1e-9, 9007199254740993]}),
        ],
        description="As drawn.",
        input_schema={"type": "object", "properties": {"x": {}}},
    )
    path = f"projects/demo/flows/{document['slug']}/"
    assert house.ada.put(path, json=document).status_code == 201
    assert house.ada.read(path)["draft"] == document
    house.publish(document)
    assert house.ada.read(path)["document"] == document
    assert list(house.ada.read(path)["document"]["nodes"][2]["config"]["output"]) == ["b", "a"]


def test_a_version_that_is_named_stays_named(house: House):
    slug = house.agent(instructions="One.")
    house.publish(stage.agent(slug, f"{slug}-model/any", instructions="Two."))
    play = house.play([agent_node("work", f"{slug}@1"), SAID])
    play.ended()
    assert (play.step("work")["version"], prompt_of(house, play)) == (1, "One.")


def test_an_agent_with_history_reads_what_led_to_it_and_nothing_beside(house: House):
    first = house.agent({"say": "Twelve sources."})
    beside = house.agent({"say": "Not its business."})
    writer = house.agent({"say": "Done."}, context={"history": "steps"})
    nodes = [
        agent_node("find", first),
        agent_node("other", beside),
        agent_node("write", writer),
        end(),
        end("aside"),
    ]
    play = house.play(nodes, "start > find; start > other; find > write; write > done; other > aside")
    play.ended()
    (line,) = play.lines("model.called", "write")
    parts = [house.ada.read(f"runs/{play.id}/parts/{part['part']}/")["text"] for part in line["prompt"]]
    assert parts[-2:] == ["[find]\nTwelve sources.", "Go."]
    assert not any("Not its business." in part for part in parts)


def test_a_provider_that_was_published_anew_plays_the_next_run(house: House):
    """At once: its script is not pinned, and nobody waits until an old one is forgotten."""
    agent = house.agent({"say": "One."})
    flow = house.flow([agent_node("a", agent), end(output="= steps.a.output.text")])
    assert house.launch(flow).output == "One."
    house.publish(stage.scripted({"say": "Two."}, slug=f"{agent}-model"))
    assert house.launch(flow).output == "Two."
