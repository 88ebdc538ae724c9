"""A supervisor and its workers (P4, P9, E8, E9, E15; contract 3), played by scripted models."""

import pytest

from tests.journeys import stage
from tests.journeys.playhouse import House, Play, agent_node, end, node

OUT = end(output="= steps.lead.output")


def delegate(agent: str, task: str, **more) -> dict:
    return {"tool": "delegate", "arguments": {"agent": agent, "task": task, **more}}


def lead(agent: str, workers: list[str], more: dict | None = None, **config) -> dict:
    return node("lead", "supervisor", more, agent=agent, workers=workers, text="{{ input.goal }}", **config)


def chief(house: House, *rounds: list[dict], last: str = "All done.", plans: tuple[str, ...] = ()) -> str:
    """An agent that delegates so in its first turns and then answers."""
    script = [
        {"when": {"turn": turn}, "calls": calls, **({"say": plans[turn - 1]} if len(plans) >= turn else {})}
        for turn, calls in enumerate(rounds, start=1)
    ]
    return house.agent(*script, {"say": last})


def turns(play: Play) -> list[dict]:
    """The workers' steps, in order."""
    return sorted((step for step in play.steps("lead") if step["item"] is not None), key=lambda s: s["item"])


def test_a_supervisor_delegates_at_once_looks_at_it_and_asks_again(house: House):
    """P4: plan, who got which and why, a second round, one final answer."""
    writer = house.agent({"say": "A draft."}, purpose="Writes drafts.")
    critic = house.agent({"when": {"contains": "again"}, "say": "Good."}, {"say": "Too long."})
    first = [delegate(writer, "Write.", reason="It writes."), delegate(critic, "Read what there is.")]
    boss = chief(house, first, [delegate(critic, "Read it again.")], last="The report.")
    play = house.play([lead(boss, [writer, critic]), OUT], input={"goal": "A report"})
    output = play.output
    assert (output["text"], output["rounds"]) == ("The report.", 2)
    assert [(d["agent"], d["task"], d["output"], d["round"]) for d in output["delegations"]] == [
        (writer, "Write.", {"text": "A draft."}, 1),
        (critic, "Read what there is.", {"text": "Too long."}, 1),
        (critic, "Read it again.", {"text": "Good."}, 2),
    ]
    assert [(step["agent"].partition("@")[0], step["status"]) for step in turns(play)] == [
        (writer, "succeeded"),
        (critic, "succeeded"),
        (critic, "succeeded"),
    ]
    choices = [line for line in play.lines("choice.made", "lead") if line["kind"] == "delegation"]
    assert [(line["chosen"], line["reason"]) for line in choices[:1]] == [([writer], "It writes.")]
    handoffs = play.lines("agent.handoff", "lead")
    assert [(line["from"], line["to"]) for line in handoffs] == [
        (boss, writer),
        (boss, critic),
        (boss, critic),
    ]
    decided = [line["action"] for line in play.lines("policy.decided", "lead")]
    assert decided.count("handoff") == 3


def test_each_delegation_has_its_own_cost_and_the_sum_is_the_runs(house: House):
    worker = house.agent({"say": "Done.", "tokens": {"input": 100, "output": 50}})
    boss = chief(house, [delegate(worker, "One."), delegate(worker, "Two.")])
    play = house.play([lead(boss, [worker]), OUT], input={"goal": "x"})
    run = play.ended()
    costs = [step["cost_usd"] for step in turns(play)]
    assert costs == [0.0002, 0.0002]
    own = next(step for step in play.steps("lead") if step["item"] is None)
    assert run["cost_usd"] == pytest.approx(own["cost_usd"] + sum(costs))


def test_workers_of_one_round_work_at_once_unless_told_otherwise(house: House):
    worker = house.agent({"say": "Done.", "after_s": 0.4})
    calls = [delegate(worker, f"Part {n}.") for n in range(3)]
    at_once = house.play([lead(chief(house, calls), [worker]), OUT], input={"goal": "x"})
    in_turn = house.play([lead(chief(house, calls), [worker], parallel=False), OUT], input={"goal": "x"})
    at_once.ended(), in_turn.ended()
    assert at_once.overlap("lead") >= 3
    began = [(step["started_at"], step["finished_at"]) for step in turns(in_turn)]
    assert all(began[n][1] <= began[n + 1][0] for n in range(2))


def test_after_its_rounds_it_has_to_answer(house: House):
    """One that would delegate for ever."""
    worker = house.agent({"say": "Done."})
    boss = house.agent({"when": {"turn": 4}, "say": "Enough."}, {"calls": [delegate(worker, "Again.")]})
    play = house.play([lead(boss, [worker], max_rounds=3), OUT], input={"goal": "x"})
    output = play.output
    assert (output["text"], output["rounds"], len(output["delegations"])) == ("Enough.", 3, 3)


def test_a_worker_that_fails_is_told_and_another_takes_over(house: House):
    broken = house.agent({"fail": {"status": 400}})
    other = house.agent({"say": "I can."})
    boss = house.agent(
        {"when": {"turn": 1}, "calls": [delegate(broken, "Do it.")]},
        {"when": {"turn": 2, "contains": "provider_error"}, "calls": [delegate(other, "Do it instead.")]},
        {"say": "Done by the other."},
    )
    play = house.play([lead(boss, [broken, other]), OUT], input={"goal": "x"})
    delegations = play.output["delegations"]
    assert delegations[0]["error"]["code"] == "provider_error"
    assert delegations[1]["output"] == {"text": "I can."}
    assert [step["status"] for step in turns(play)] == ["failed", "succeeded"]


def test_a_worker_that_is_stuck_past_its_sla_is_replaced_and_the_reason_is_recorded(house: House):
    """E15."""
    slow = house.agent({"say": "Late.", "after_s": 20}, sla={"latency_s": 0.5})
    backup = house.agent({"say": "In time."})
    boss = chief(house, [delegate(slow, "Do it.")])
    play = house.play([lead(boss, [slow], {"fallback": [backup]}), OUT], input={"goal": "x"})
    assert play.output["delegations"][0]["output"] == {"text": "In time."}
    (choice,) = [line for line in play.lines("choice.made", "lead") if line["kind"] == "fallback"]
    assert choice["chosen"] == [backup]
    assert "exceeded its SLA of 0.5 s" in choice["reason"]


def test_an_agent_node_past_its_sla_is_rerouted_to_its_backup(house: House):
    slow = house.agent({"say": "Late.", "after_s": 20}, sla={"latency_s": 0.5})
    backup = house.agent({"say": "In time."})
    nodes = [
        node("a", "agent", {"fallback": [backup]}, agent=slow, text="Go."),
        end(output="= steps.a.output"),
    ]
    assert house.play(nodes).output == {"text": "In time."}


def test_a_flow_and_a_person_are_workers_too(house: House):
    below = house.flow(
        [end(output={"said": "= input.task + '!'"})],
        input_schema={"type": "object", "required": ["task"], "properties": {"task": {"type": "string"}}},
    )
    boss = chief(house, [delegate(f"flow:{below}", "Count"), delegate("role:reviewer", "What do you think?")])
    play = house.play([lead(boss, [f"flow:{below}", "role:reviewer"]), OUT], input={"goal": "x"})
    item = play.asks("question")
    assert item["payload"] == {"text": "What do you think?"}
    play.decided("answer", payload={"text": "Fine."})
    assert [d["output"] for d in play.output["delegations"]] == [{"said": "Count!"}, {"text": "Fine."}]


def test_a_denied_delegation_is_told_to_the_supervisor(house: House):
    worker, other = house.agent({"say": "Done."}), house.agent({"say": "Other."})
    boss = house.agent(
        {"when": {"turn": 1}, "calls": [delegate(worker, "Do it.")]},
        {"when": {"turn": 2, "contains": "not to it"}, "calls": [delegate(other, "You then.")]},
        {"say": "Done."},
    )
    slug = house.slug("deny")
    policy = {"kind": "policy", "slug": slug, "effect": "deny", "actions": ["handoff"], "reason": "not to it"}
    house.publish({**policy, "when": f'input.to == "{worker}"'})
    play = house.play([lead(boss, [worker, other]), OUT], input={"goal": "x"})
    assert [d.get("error", {}).get("code") for d in play.output["delegations"]] == ["denied", None]
    assert len(turns(play)) == 1
    assert [line["to"] for line in play.lines("agent.handoff", "lead")] == [other]


def handing(to: str, message: str) -> dict:
    return {"calls": [{"tool": "handoff", "arguments": {"agent": to, "message": message}}]}


def peers(house: House, scripts: dict[str, list[dict]], links: dict[str, list[str]], **delegation) -> None:
    """Agents that may hand over to each other, under the names given."""
    for slug, script in scripts.items():
        house.publish(
            stage.scripted(*script, slug=f"{slug}-model"),
            stage.agent(slug, f"{slug}-model/any", delegation={"to": links[slug], **delegation}),
        )


def test_an_agent_hands_over_to_another_that_answers_in_its_place(house: House):
    """P10."""
    a, b, c = (house.slug("peer") for _ in range(3))
    peers(
        house,
        {a: [handing(b, "Take it.")], b: [handing(c, "You know it better.")], c: [{"say": "Here it is."}]},
        {a: [b], b: [c], c: []},
    )
    play = house.play([agent_node("ask", a, "Who knows?"), end(output="= steps.ask.output")])
    assert play.output == {"text": "Here it is."}
    assert [(line["from"], line["to"]) for line in play.lines("agent.handoff", "ask")] == [(a, b), (b, c)]
    assert play.step("ask")["agent"].startswith(c)


def handed_to_one_whose_model_fails(house: House) -> tuple[str, str, str, str]:
    """(a, b, b's other model, tool): `a` hands over to `b`, whose model fails once it has called the tool."""
    tool, spare, a, b = house.tool("read"), house.slug("spare"), house.slug("peer"), house.slug("peer")
    looks = {"calls": [{"tool": tool, "arguments": {"n": 1}}]}
    house.publish(
        stage.scripted({"when": {"contains": f"{tool}-1"}, "say": "From the spare."}, slug=spare),
        stage.scripted(
            {"when": {"contains": f"{tool}-1"}, "fail": {"status": 500}}, looks, slug=f"{b}-model"
        ),
        stage.agent(b, f"{b}-model/any", tools=[tool], fallback_models=[f"{spare}/any"]),
        stage.scripted(handing(b, "Take it."), slug=f"{a}-model"),
        stage.agent(a, f"{a}-model/any", delegation={"to": [b]}, fallback_models=[f"{a}-model/other"]),
    )
    return a, b, f"{spare}/any", tool


@pytest.mark.parametrize("where", ["a step", "a worker's turn"])
def test_who_was_handed_the_work_goes_on_with_its_own_other_model(house: House, where: str):
    """E14 after P10: nothing that was done before is done again."""
    a, b, spare, tool = handed_to_one_whose_model_fails(house)
    nodes, name, item = [agent_node("lead", a), end(output="= steps.lead.output.text")], "lead", None
    if where == "a worker's turn":
        nodes, item = [lead(chief(house, [delegate(a, "Go.")]), [a]), end(output="Done")], 0
    play = house.play(nodes, input={"goal": "x"})
    assert play.output == ("From the spare." if item is None else "Done")
    of_step = [event["data"] for event in play.events("model.called", name) if event["item"] == item]
    assert [(data["model"], data["status"]) for data in of_step] == [
        (f"{a}-model/any", "ok"),
        (f"{b}-model/any", "ok"),
        (f"{b}-model/any", "error"),
        (spare, "ok"),
    ]
    assert len(house.peer.bodies(f"/{tool}")) == 1
    handoffs = [(line["from"], line["to"]) for line in play.lines("agent.handoff", name)]
    assert handoffs.count((a, b)) == 1
    [choice] = [line for line in play.lines("choice.made", name) if line["kind"] == "fallback"]
    assert [each["name"] for each in choice["candidates"]] == [b, spare]
    assert choice["chosen"] == [spare]
    assert play.step(name, item=item)["agent"] == b


def test_agents_that_hand_the_same_to_each_other_are_stopped_and_the_circle_is_named(house: House):
    """E9: before the limit of hops."""
    a, b = house.slug("peer"), house.slug("peer")
    peers(house, {a: [handing(b, "Yours.")], b: [handing(a, "No, yours.")]}, {a: [b], b: [a]})
    play = house.play([agent_node("ask", a), end()], limits={"max_hops": 20})
    run = play.failed("delegation_cycle", "ask")
    assert f"{a} → {b} → {a} → {b}" in run["error"]["message"]
    assert len(play.lines("agent.handoff", "ask")) == 2


def test_a_chain_of_handoffs_ends_at_the_limit_and_is_shown(house: House):
    """E8: the sixth hop."""
    names = [house.slug("hop") for _ in range(7)]
    scripts = {name: [handing(after, "On.")] for name, after in zip(names, names[1:], strict=False)}
    scripts[names[-1]] = [{"say": "Never asked."}]
    peers(house, scripts, {**dict(zip(names, ([n] for n in names[1:]), strict=False)), names[-1]: []})
    play = house.play([agent_node("ask", names[0]), end()], limits={"max_hops": 5})
    run = play.failed("limit_hops", "ask")
    assert " → ".join(names) in run["error"]["message"]
    assert len(play.lines("agent.handoff", "ask")) == 5


def test_the_chain_goes_on_in_the_flow_of_a_worker(house: House):
    """One delegation above, two handoffs below: three hops."""
    a, b, c = (house.slug("peer") for _ in range(3))
    peers(
        house,
        {a: [handing(b, "On.")], b: [handing(c, "On.")], c: [{"say": "Done."}]},
        {a: [b], b: [c], c: []},
    )
    below = house.flow([agent_node("ask", a, "{{ input.task }}"), end(output="= steps.ask.output")])
    boss = house.agent({"when": {"turn": 1}, "calls": [delegate(f"flow:{below}", "Go")]}, {"say": "Done."})
    nodes = [lead(boss, [f"flow:{below}"]), OUT]
    assert house.play(nodes, input={"goal": "x"}, limits={"max_hops": 3}).output["delegations"][0]["output"]
    play = house.play(nodes, input={"goal": "x"}, limits={"max_hops": 2})
    play.failed("limit_hops", "lead")


def test_what_was_done_before_a_guard_stopped_it_is_kept_and_a_person_may_go_on(house: House):
    a, b = house.slug("peer"), house.slug("peer")
    peers(house, {a: [handing(b, "Yours.")], b: [handing(a, "No, yours.")]}, {a: [b], b: [a]})
    worker = house.agent({"say": "The first part."})
    boss = house.agent(
        {"when": {"turn": 1}, "calls": [delegate(worker, "Part one.")]},
        {"when": {"turn": 2}, "calls": [delegate(a, "Part two.")]},
        {"say": "Done."},
    )
    play = house.play(
        [lead(boss, [worker, a], {"escalate": {"to": "role:reviewer"}}), OUT], input={"goal": "x"}
    )
    item = play.asks("escalation")
    assert item["payload"]["partial"]["delegations"][0]["output"] == {"text": "The first part."}
    assert item["payload"]["failures"][-1]["code"] == "delegation_cycle"
    play.decided("answer", payload={"text": "We keep the first part."})
    assert play.output["text"] == "We keep the first part."


@pytest.mark.parametrize("order", ["at once", "one after the other"])
def test_nobody_is_waited_for_once_a_guard_has_ended_it_all(house: House, order: str):
    """A person who is asked beside a circle would answer for nothing."""
    a, b = house.slug("peer"), house.slug("peer")
    peers(
        house, {a: [{**handing(b, "Yours."), "after_s": 1}], b: [handing(a, "No, yours.")]}, {a: [b], b: [a]}
    )
    people, circle = delegate("role:reviewer", "What do you think?"), delegate(a, "Part two.")
    is_parallel = order == "at once"
    boss = chief(house, [people, circle] if is_parallel else [circle, people])
    play = house.play([lead(boss, ["role:reviewer", a], parallel=is_parallel), OUT], input={"goal": "x"})
    play.failed("delegation_cycle", "lead")
    [finished] = [event["data"] for event in play.events("step.finished", "lead") if event["item"] is None]
    done = {each["agent"]: each.get("error", {}).get("code") for each in finished["partial"]["delegations"]}
    assert done == {"role:reviewer": None, a: "delegation_cycle"}
    asked = play.events("approval.requested", "lead")
    assert len(asked) == is_parallel
    for event in asked:
        assert house.rita.read(f"approvals/{event['data']['id']}/")["status"] == "cancelled"


def test_what_was_done_in_time_is_kept_where_the_step_took_too_long(house: House):
    """E3: a time-out of a supervisor shows what its workers brought."""
    worker = house.agent({"say": "A part.", "after_s": 1})
    boss = chief(house, *([delegate(worker, f"Part {n}.")] for n in range(5)))
    play = house.play([lead(boss, [worker], {"timeout_s": 2}), OUT], input={"goal": "x"})
    play.failed("timeout", "lead")
    [finished] = [event["data"] for event in play.events("step.finished", "lead") if event["item"] is None]
    delegations = finished["partial"]["delegations"]
    assert delegations[0]["output"] == {"text": "A part."}
    assert len(delegations) < 5


def test_a_stand_in_for_a_worker_is_handed_the_task_and_may_be_denied(house: House):
    broken, backup = house.agent({"fail": {"status": 400}}), house.agent({"say": "I can."})
    boss = chief(house, [delegate(broken, "Do it.")])
    flow = house.flow([lead(boss, [broken], {"fallback": [backup]}), OUT])
    play = house.launch(flow, {"goal": "x"})
    assert play.output["delegations"][0]["output"] == {"text": "I can."}
    handoffs = play.lines("agent.handoff", "lead")
    assert [(line["from"], line["to"]) for line in handoffs] == [(boss, broken), (boss, backup)]
    assert handoffs[1]["reason"] == f"It stands in for {broken}, which did not bring the task to an end."
    denying(house, f'input.to == "{backup}"')
    play = house.launch(flow, {"goal": "x"})
    assert play.output["delegations"][0]["error"]["code"] == "denied"
    assert len(play.lines("agent.handoff", "lead")) == 1


def denying(house: House, when: str, effect: str = "deny") -> str:
    slug = house.slug("rule")
    policy = {"kind": "policy", "slug": slug, "effect": effect, "actions": ["handoff"], "when": when}
    house.publish({**policy, **({"reviewers": ["role:reviewer"]} if effect == "approve" else {})})
    return slug


def test_a_handoff_that_was_made_is_not_asked_about_again(house: House):
    """A deny that comes later does not undo what people are at work on."""
    boss = chief(house, [delegate("role:reviewer", "What do you think?")])
    nodes, name = [lead(boss, ["role:reviewer"]), OUT], f'input.from == "{boss}"'
    denying(house, name, "approve")
    play = house.launch(house.flow(nodes), {"goal": "x"})
    assert play.asks()["title"] == "May role:reviewer take over?"
    play.decided("approve")
    play.asks("question")
    denying(house, name)
    play.decided("answer", payload={"text": "Fine."})
    assert [d["output"] for d in play.output["delegations"]] == [{"text": "Fine."}]


def test_one_after_the_other_waits_for_people_without_a_worker(house: House):
    worker = house.agent({"say": "Done."})
    boss = chief(house, [delegate("role:reviewer", "First."), delegate(worker, "Second.")])
    play = house.play([lead(boss, ["role:reviewer", worker], parallel=False), OUT], input={"goal": "x"})
    play.asks("question")
    assert [step["status"] for step in turns(play)] == ["waiting"]
    play.decided("answer", payload={"text": "Fine."})
    assert [d["output"] for d in play.output["delegations"]] == [{"text": "Fine."}, {"text": "Done."}]


def test_a_denied_worker_is_denied_by_any_of_its_names(house: House):
    worker = house.agent({"say": "Done."})
    denying(house, f'input.to == "{worker}"')
    boss = chief(house, [delegate(worker, "Do it.")])
    play = house.play([lead(boss, [f"{worker}@1"]), OUT], input={"goal": "x"})
    assert [d["error"]["code"] for d in play.output["delegations"]] == ["denied"]


def test_who_stands_in_for_the_supervisor_is_named_in_what_it_hands_over(house: House):
    worker = house.agent({"say": "Done."})
    broken = house.agent({"fail": {"status": 400}})
    backup = chief(house, [delegate(worker, "Do it.")], plans=("My own plan.",))
    play = house.play([lead(broken, [worker], {"fallback": [backup]}), OUT], input={"goal": "x"})
    play.ended()
    assert [line["from"] for line in play.lines("agent.handoff", "lead")] == [backup]


def test_a_retry_by_a_person_asks_the_failed_worker_anew_and_the_others_not(house: House):
    good = house.agent({"say": "The first part."})
    a, b = house.slug("peer"), house.slug("peer")
    peers(house, {a: [handing(b, "Yours.")], b: [handing(a, "No, yours.")]}, {a: [b], b: [a]})
    boss = chief(house, [delegate(good, "Part one.")], [delegate(a, "Part two.")])
    play = house.play(
        [lead(boss, [good, a], {"escalate": {"to": "role:reviewer"}}), OUT], input={"goal": "x"}
    )
    play.asks("escalation")
    before = len(play.lines("model.called", "lead"))
    play.decided("retry").asks("escalation")
    assert [(step["input"]["agent"], step["status"]) for step in turns(play)] == [
        (good, "succeeded"),
        (a, "failed"),
        (a, "failed"),
    ]
    assert len(play.lines("model.called", "lead")) > before
    play.decided("reject")
    play.failed("rejected", "lead")


def test_what_an_agent_promises_holds_for_who_answers_in_its_place(house: House):
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    b = house.agent({"json": {"n": 7}})
    a = house.slug("peer")
    house.publish(
        stage.scripted(handing(b, "Yours."), slug=f"{a}-model"),
        stage.agent(a, f"{a}-model/any", delegation={"to": [b]}, output_schema=schema),
    )
    play = house.play([agent_node("ask", a), end(output="= steps.ask.output.n")])
    assert play.output == 7


def test_a_fork_shows_why_the_copied_supervisor_did_what_it_did(house: House):
    worker = house.agent({"say": "Done."})
    boss = chief(house, [delegate(worker, "Do it.", reason="It can.")], plans=("First this.",))
    play = house.play([lead(boss, [worker]), node("after", "transform"), OUT], input={"goal": "x"})
    play.ended()
    forked = house.ada.post(f"runs/{play.id}/forks/", json={"from_node": "after"}).json()
    fork = Play(house, forked["id"])
    fork.ended()
    assert [(line["kind"], line["round"], line["text"]) for line in fork.lines("note", "lead")] == [
        ("plan", 1, "First this.")
    ]
    assert [line["reason"] for line in fork.lines("choice.made", "lead")] == ["It can."]


def test_a_fork_does_not_take_a_turn_for_another(house: House):
    """The supervisor failed, and is held anew with another plan: what the first worker said is not the second's."""
    one, two = house.agent({"say": "One says."}), house.agent({"say": "Two says."})
    boss = house.agent(
        {"when": {"turn": 1, "contains": "plan A"}, "calls": [delegate(one, "one")]},
        {"when": {"turn": 1, "contains": "plan B"}, "calls": [delegate(two, "two")]},
        {"when": {"turn": 2, "contains": "One says"}, "fail": {"status": 400}},
        {"say": "Done."},
    )
    flow = house.flow(
        [lead(boss, [one, two]), node("other", "transform", output={}), end(output="= steps.lead.output")],
        "start > lead; start > other; lead > done; other > done",
    )
    play = house.launch(flow, {"goal": "plan A"})
    play.failed("provider_error", "lead")
    again = {"from_node": "other", "input": {"goal": "plan B"}}
    forked = house.ada.post(f"runs/{play.id}/forks/", json=again).json()
    output = Play(house, forked["id"]).output
    assert [(d["agent"], d["output"]) for d in output["delegations"]] == [(two, {"text": "Two says."})]
