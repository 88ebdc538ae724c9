"""Flows that were made elsewhere: a LangGraph graph or a crew of CrewAI as documents of Baton, with notes.

`read(text)` gives the values of a text, `found(bodies, stock)` what they would become here: a flow, its agents, what
was mapped and what is left to do. Everything in them is hostile: it is bounded, none of it is run, and whatever looks
like a template is printed as it is. `flows.imports.placing` puts the result into a project.
"""

from collections.abc import Sequence
from typing import Any

from flows.imports import crewai, langgraph
from flows.imports.outcome import CannotImport, Found, Note, Stock
from governance.documents import kind_named, yaml_text
from governance.documents.bodies import body_problems

__all__ = ["MOST_BYTES", "CannotImport", "Found", "Note", "Stock", "found", "is_foreign", "read"]

MOST_BYTES = 2_000_000
MOST_FILES = 10


def read(text: str) -> list[Any]:
    """The values of a text of YAML or JSON documents. Raises CannotImport, NotYaml."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise CannotImport("", f"This text is longer than {MOST_BYTES:,} bytes: import parts of it.")
    bodies = []
    for body in yaml_text.load_all(text):
        if body is not None:
            bodies.append(body)
        if len(bodies) > MOST_FILES:
            raise CannotImport(
                "", f"There are more than {MOST_FILES} documents in this text: import parts of it."
            )
    return bodies


def is_foreign(bodies: Sequence[Any]) -> bool:
    """Whether this is for `found`; a document of Baton is not."""
    return any(map(langgraph.is_graph, bodies)) or crewai.is_crew(bodies) or any(map(is_settings, bodies))


def is_settings(body: Any) -> bool:
    """langgraph.json, which names code files and holds no graph."""
    return isinstance(body, dict) and "graphs" in body and "nodes" not in body and "kind" not in body


def found(bodies: Sequence[Any], stock: Stock) -> Found:
    """What would be made of it. Raises CannotImport."""
    if any(map(is_settings, bodies)):
        sentence = (
            "This is langgraph.json: it names code, and Baton runs none. Export the graph in Python with "
            "json.dumps(graph.get_graph().to_json()), and paste that."
        )
        raise CannotImport("/graphs", sentence)
    graphs = [body for body in bodies if langgraph.is_graph(body)]
    if graphs:
        if len(bodies) > 1:
            raise CannotImport(
                "", "There is more than one document in this text: import one graph at a time."
            )
        made = langgraph.found_in(graphs[0], stock)
    elif crewai.is_crew(bodies):
        made = crewai.found_in(bodies, stock)
    else:
        raise CannotImport("", "This is neither a LangGraph graph nor agents and tasks of CrewAI.")
    refuse_unfit(made)
    return made


def refuse_unfit(made: Found) -> None:
    """Whatever these documents could not keep is told now, and not when they are saved."""
    for body in (*made.agents, made.flow):
        problems = body_problems(kind_named(body["kind"]), body["slug"], body)
        if problems:
            where = f"{body['kind']} {body['slug']} {problems[0].pointer}"
            raise CannotImport("", f"What would be made of it does not fit ({where}): {problems[0].message}")
