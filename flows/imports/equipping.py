"""The tools that an imported agent gets: those of the project that it names exactly, each of them told."""

from collections.abc import Iterable

from flows.imports.outcome import Notebook, Stock, Tool

MOST_CALLS = 25  # of tools in one answer: what CrewAI itself does without a word about it


def equipped(wanted: Iterable[str], stock: Stock, key: str, agent: str, notes: Notebook) -> dict[str, Tool]:
    """By slug. `key` is where it stands in the text, `agent` the slug of who gets them."""
    found: dict[str, Tool] = {}
    for name in dict.fromkeys(wanted):
        tool = stock.tool(name)
        if tool is None:
            notes.left(
                key, f"There is no tool {name} in this project: add it, then list it in the agent {agent}."
            )
        else:
            found[tool.slug] = tool
    for tool in found.values():
        tell(tool, key, agent, notes)
    return found


def tell(tool: Tool, key: str, agent: str, notes: Notebook) -> None:
    if tool.only_reads:
        notes.mapped(key, f"The agent {agent} gets the tool {tool.slug}, which only reads.")
    else:
        notes.left(
            key,
            f"The agent {agent} names the tool {tool.slug}, whose risk is {tool.risk}: it is kept as a draft. "
            "Publish it if it may call that tool.",
        )
