"""Texts of LangGraph and CrewAI for the tests of imports, as the two write them."""

import json

START, END = "__start__", "__end__"


def graph(drawn: str, about: dict[str, str] | None = None, **more) -> str:
    """`a > b` is an edge, `a ?label> b` a conditional one; `^` and `$` are start and end. As `to_json()` tells it."""
    edges, keys = [], {}
    for one in drawn.split("; "):
        source, arrow, target = one.split(" ")
        ends = [{"^": START, "$": END}.get(end, end) for end in (source, target)]
        keys |= dict.fromkeys(end for end in ends if end not in (START, END))
        edge = {"source": ends[0], "target": ends[1]}
        if arrow != ">":
            label = arrow.strip("?>")
            edge |= {"conditional": True, **({"data": label} if label else {})}
        edges.append(edge)
    nodes = [{"id": START, "type": "schema", "data": START}]
    nodes += [step(key, (about or {}).get(key, "")) for key in keys]
    nodes.append({"id": END, "type": "schema", "data": END})
    return json.dumps({"nodes": nodes, "edges": edges, **more})


def step(key: str, about: str = "") -> dict:
    kind = (
        ["langgraph", "prebuilt", "tool_node", "ToolNode"]
        if key == "tools"
        else ["langgraph", "utils", "Call"]
    )
    node = {"id": key, "type": "runnable", "data": {"id": kind, "name": key}}
    return {**node, "metadata": {"description": about}} if about else node


ARTICLE = graph(
    "^ > research; research > outline; outline > write; write > edit; edit > $",
    {
        "research": "Collects facts on the topic.",
        "outline": "Plans what the article says.",
        "write": "Writes the article from the outline.",
        "edit": "Corrects the article.",
    },
    name="Article",
)

AGENTS = """\
researcher:
  role: >
    {topic} Senior Data Researcher
  goal: >
    Uncover cutting-edge developments in {topic}
  backstory: >
    You're a seasoned researcher who finds the latest
    developments in {topic}.
reporting_analyst:
  role: >
    {topic} Reporting Analyst
  goal: >
    Create detailed reports based on {topic} data analysis
  backstory: >
    You're a meticulous analyst with a keen eye for detail.
"""
TASKS = """\
research_task:
  description: >
    Conduct a thorough research about {topic}
    given the current year is {current_year}.
  expected_output: >
    A list with 10 bullet points about {topic}
  agent: researcher

reporting_task:
  description: >
    Review the context you got and expand each topic into a section.
  expected_output: >
    A report formatted as markdown without '```'
  agent: reporting_analyst
"""
QUICKSTART = f"{AGENTS}---\n{TASKS}"

PAIR = "a: {role: Ann, goal: Facts, backstory: Old}\nb: {role: Bob, goal: Texts, backstory: New}\n---\n"
