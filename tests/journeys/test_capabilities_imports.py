"""Flows of LangGraph and CrewAI by the command line into a served project, and their runs on its simulated model (N1,
N3, X19)."""

from pathlib import Path

from tests.flows.imported import AGENTS, ARTICLE, TASKS, graph
from tests.journeys.cast import Demo
from tests.serving import manage

REFLECTION = graph("^ > draft; draft ?improve> reflect; draft ?done> $; reflect > draft", name="Reflection")


def imported(demo: Demo, folder: Path, **files: str) -> list[str]:
    """What the command says; the flow it makes is published then, as it is."""
    for name, text in files.items():
        (folder / name).write_text(text)
    paths = [str(folder / name) for name in files]
    said = manage(demo.server.data, "import-flow", *paths, "--project", "demo").stdout.splitlines()
    slug = next(line for line in said if line.startswith("flow ")).split()[1].strip(":")
    demo.publish("flows", demo.ada.read(f"projects/demo/flows/{slug}/")["draft"])
    return said


def order_of(demo: Demo, run: dict) -> list[str]:
    return [
        event["node"]
        for event in demo.ada.events(run["id"])
        if event["type"] == "step.finished" and event["node"]
    ]


def test_a_langgraph_sequence_runs_its_four_steps_in_order(demo: Demo, tmp_path: Path):
    assert imported(demo, tmp_path, graph=ARTICLE) == [
        "agent research: published",
        "agent outline: published",
        "agent write: published",
        "agent edit: published",
        "flow article: draft",
    ]
    run = demo.played("article", {"message": "Tidal power"})
    assert run["status"] == "succeeded"
    assert order_of(demo, run) == ["start", "research", "outline", "write", "edit", "done"]
    assert run["output"]["text"].startswith("Tidal power\n\nResearch:\nTidal power\n\nOutline:\n")


def test_a_loop_that_is_left_in_its_middle_goes_round_and_ends(demo: Demo, tmp_path: Path):
    said = imported(demo, tmp_path, graph=REFLECTION)
    assert said[0] == "provider simulated: published"
    assert any(
        line.startswith("left to do: draft: The function that chooses after draft is code") for line in said
    )
    provider = demo.ada.read("projects/demo/providers/simulated/")["document"]
    once = {
        "when": {"agent": "draft-route", "iteration": 1},
        "json": {"routes": [{"port": "improve", "confidence": 1}]},
    }
    demo.publish("providers", {**provider, "script": [once, *provider["script"]]})
    run = demo.played("reflection", {"message": "Tidal power"})
    assert run["status"] == "succeeded"
    assert order_of(demo, run) == [
        "start", "draft", "draft_route", "reflect", "draft_round", "draft_again",
        "draft", "draft_route", "draft_round", "draft_again", "done",
    ]  # fmt: skip
    assert "Reflect (last round):" in run["output"]["text"]


def test_a_crew_runs_its_tasks_and_a_reviewer_approves(demo: Demo, tmp_path: Path):
    tasks = TASKS + "  human_input: true\n"
    said = imported(demo, tmp_path, agents=AGENTS, tasks=tasks)
    assert said[:3] == [
        "agent researcher-2: published",
        "agent reporting-analyst: published",
        "flow research-task-crew: draft",
    ]
    given = {"topic": "tidal power {{ 1 }}", "current_year": "2031"}
    run = demo.played("research-task-crew", given, {"decision": "approve"})
    assert run["status"] == "succeeded"
    assert order_of(demo, run) == [
        "start",
        "research_task",
        "reporting_task",
        "reporting_task_approval",
        "done",
    ]
    assert (
        "Conduct a thorough research about tidal power {{ 1 }} given the current year is 2031."
        in run["output"]["text"]
    )


def test_a_crew_with_a_manager_runs_on_a_supervisor(demo: Demo, tmp_path: Path):
    crew = "name: Led\nprocess: hierarchical\nmanager_llm: gpt-4o\n"
    tasks = TASKS.replace("  agent: researcher\n", "  agent: researcher\n  async_execution: true\n")
    imported(demo, tmp_path, agents=AGENTS, tasks=tasks, crew=crew)
    run = demo.played("led", {"topic": "tidal power", "current_year": "2031"})
    assert run["status"] == "succeeded"
    assert run["output"]["text"].startswith("Review the context you got")
