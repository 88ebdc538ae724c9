"""One look at a draft: problems, cost and time together, and in as many queries for many nodes as for few."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import Project
from runs.inspection import Inspection
from tests.flows.drawings import line, node
from tests.runs.views.people import project_with_cast, signed_in


@pytest.fixture
def demo(db) -> Project:
    return project_with_cast(with_demo=True)


def asking(count: int) -> dict:
    agents = ("billing-specialist", "technical-specialist", "sales-specialist")
    return line(
        *(node(f"n{n}", "agent", {"agent": agents[n % 3], "text": "x"}, timeout_s=9.5) for n in range(count)),
        limits={"max_cost_usd": 2},
    )


def test_an_unfinished_draft_is_looked_at_as_far_as_it_goes(demo):
    document = asking(2)
    document["nodes"][1]["config"] = {}
    found = Inspection(demo, document)
    assert [(problem.code, problem.nodes) for problem in found.errors] == [("missing_field", ("n0",))] * 2
    assert found.cost["worst_usd"] == 2
    assert found.time == {"expected_s": 15, "worst_s": None, "unbounded": ["n0"]}


def test_a_look_costs_the_same_number_of_queries_however_many_nodes_there_are(demo):
    def queries(count):
        with CaptureQueriesContext(connection) as found:
            look = Inspection(demo, asking(count))
            assert (look.errors, look.cost["unbounded"], look.time["unbounded"]) == ([], [], [])
            assert "billing-specialist" in look.stock["agent"]
        return len(found)

    assert queries(3) == queries(60) <= 6


def test_the_api_tells_cost_and_time(demo):
    address = "/api/v1/projects/demo/flows/drawn/check/"
    found = signed_in("ada").post(address, asking(1), content_type="application/json").json()
    assert found["problems"] == []
    assert found["cost"]["worst_usd"] == 1
    assert found["time"]["worst_s"] == 10
