"""The types of nodes. A new one is one file here and one line in the tuple."""

from flows.nodes.agent import Agent
from flows.nodes.approval import Approval
from flows.nodes.base import NodeType
from flows.nodes.condition import Condition
from flows.nodes.end import End
from flows.nodes.join import Join
from flows.nodes.map import Map
from flows.nodes.question import Ask
from flows.nodes.router import Router
from flows.nodes.start import Start
from flows.nodes.subflow import Subflow
from flows.nodes.supervisor import Supervisor
from flows.nodes.team import Team
from flows.nodes.tool import Tool
from flows.nodes.transform import Transform
from flows.nodes.wait import Wait

TYPES: dict[str, NodeType] = {
    node_type.kind: node_type
    for node_type in (
        Start(),
        End(),
        Agent(),
        Tool(),
        Transform(),
        Condition(),
        Router(),
        Join(),
        Map(),
        Approval(),
        Ask(),
        Subflow(),
        Supervisor(),
        Team(),
        Wait(),
    )
}
