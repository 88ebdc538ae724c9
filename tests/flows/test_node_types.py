"""Owns the promises that every node type keeps: one walk over all that are registered."""

import re

import pytest

from flows.fields import RESERVED_PORTS
from flows.nodes import TYPES
from flows.nodes.base import NodeType, Surroundings
from governance.schemas import schema_problems
from tests.flows.drawings import CONFIGS, lookup

OWN_PORTS = {
    "start": ("out",),
    "end": (),
    "agent": ("out",),
    "tool": ("out",),
    "transform": ("out",),
    "condition": ("again", "other", "else"),
    "router": ("billing", "technical", "otherwise"),
    "join": ("out",),
    "map": ("out",),
    "approval": ("approved", "rejected", "timed_out"),
    "question": ("out", "timed_out"),
    "subflow": ("out",),
    "supervisor": ("out",),
    "team": ("out", "no_consensus"),
    "wait": ("out",),
}
every_type = pytest.mark.parametrize("node_type", TYPES.values(), ids=TYPES)


def test_the_types_of_this_release_are_there():
    assert set(TYPES) == set(OWN_PORTS)


@every_type
def test_it_says_what_it_is(node_type: NodeType):
    assert node_type.label and node_type.summary.endswith(".") and len(node_type.summary) < 80
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", node_type.icon)
    assert node_type.group in {"flow", "work", "data", "people"}


@every_type
def test_its_config_schema_is_strict(node_type: NodeType):
    assert schema_problems(node_type.config_schema) == []
    assert node_type.config_schema["additionalProperties"] is False


@every_type
def test_its_ports_are_those_of_the_contract(node_type: NodeType):
    ports = node_type.ports(CONFIGS.get(node_type.kind, {}))
    assert ports == OWN_PORTS[node_type.kind]
    assert "error" not in ports and "exhausted" not in ports
    assert RESERVED_PORTS >= set(node_type.ports({"cases": [], "routes": [], "by": "rules"}))


@every_type
def test_what_it_names_has_a_place_in_its_config(node_type: NodeType):
    config = CONFIGS.get(node_type.kind, {})
    named = [*node_type.references(config), *node_type.expressions(config)]
    for found in named:
        assert found.pointer.startswith("/config/")
    for field in node_type.schemas:
        assert field in node_type.config_schema["properties"]


@every_type
def test_what_it_says_of_its_output_is_a_schema(node_type: NodeType):
    around = Surroundings(("before",), lookup)
    schema = node_type.output_schema(CONFIGS.get(node_type.kind, {}), around)
    assert schema is None or schema_problems(schema) == []
    assert schema is None or schema["type"] == "object"
