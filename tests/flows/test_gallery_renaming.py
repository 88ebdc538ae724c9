"""Names in a starter's documents are followed wherever one document names another."""

import pytest

from flows.gallery.renaming import renamed

NAMES = {
    ("agent", "lead"): "lead-2",
    ("agent", "judge"): "judge-3",
    ("agent", "writer"): "writer-2",
    ("tool", "send"): "send-2",
    ("flow", "digest"): "digest-2",
    ("provider", "simulated"): "simulated-2",
}


def node_of(kind: str, **config) -> dict:
    flow = {"kind": "flow", "slug": "x", "nodes": [{"id": "a", "type": kind, "config": config}], "edges": []}
    return renamed(flow, NAMES)["nodes"][0]["config"]


def test_a_supervisor_its_workers_and_a_flow_among_them():
    workers = ["writer@4", "flow:digest", "role:reviewer", "reader"]
    config = node_of("supervisor", agent="lead", workers=workers, text="writer, please")
    assert config == {
        "agent": "lead-2",
        "workers": ["writer-2@4", "flow:digest-2", "role:reviewer", "reader"],
        "text": "writer, please",
    }


def test_a_teams_participants_their_weights_and_its_judge():
    config = node_of(
        "team",
        participants=["writer", "user:rita"],
        weights={"writer": 2, "user:rita": 1},
        judge="judge",
        text="?",
    )
    assert config["participants"] == ["writer-2", "user:rita"]
    assert config["weights"] == {"writer-2": 2, "user:rita": 1}
    assert config["judge"] == "judge-3"


def test_whom_a_script_plays_what_it_calls_and_whom_it_asks():
    provider = {
        "kind": "provider",
        "slug": "simulated",
        "type": "scripted",
        "script": [
            {
                "when": {"agent": "lead"},
                "calls": [{"tool": "delegate", "arguments": {"agent": "writer", "task": "send"}}],
            },
            {"when": {"agent": "writer"}, "calls": [{"tool": "send", "arguments": {"text": "lead"}}]},
            {
                "when": {"agent": "lead"},
                "calls": [{"tool": "delegate", "arguments": {"agent": "flow:digest"}}],
            },
            {"when": {"agent": "judge"}, "json": {"text": "writer", "winner": "writer"}},
            {"when": {"agent": "reader"}, "say": "writer"},
        ],
    }
    assert renamed(provider, NAMES)["script"] == [
        {
            "when": {"agent": "lead-2"},
            "calls": [{"tool": "delegate", "arguments": {"agent": "writer-2", "task": "send"}}],
        },
        {"when": {"agent": "writer-2"}, "calls": [{"tool": "send-2", "arguments": {"text": "lead"}}]},
        {
            "when": {"agent": "lead-2"},
            "calls": [{"tool": "delegate", "arguments": {"agent": "flow:digest-2"}}],
        },
        {"when": {"agent": "judge-3"}, "json": {"text": "writer", "winner": "writer-2"}},
        {"when": {"agent": "reader"}, "say": "writer"},
    ]


def test_whom_an_agent_hands_over_to_and_where_it_is_played():
    agent = {
        "kind": "agent",
        "slug": "reader",
        "model": "simulated/small",
        "delegation": {"to": ["writer@2", "lead"]},
    }
    assert renamed(agent, NAMES) == {
        "kind": "agent",
        "slug": "reader",
        "model": "simulated-2/small",
        "delegation": {"to": ["writer-2@2", "lead-2"]},
    }


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ('tool.slug == "send"', 'tool.slug == "send-2"'),
        ('agent != null && agent.slug != "writer"', 'agent != null && agent.slug != "writer-2"'),
        ('flow.slug=="digest" && tool.slug == "other"', 'flow.slug == "digest-2" && tool.slug == "other"'),
        ('arguments.to == "writer"', 'arguments.to == "writer"'),
    ],
)
def test_what_a_policy_is_about(when, said):
    policy = {"kind": "policy", "slug": "p", "effect": "deny", "actions": ["tool.call"], "when": when}
    assert renamed(policy, NAMES)["when"] == said


def test_what_a_budget_is_of():
    budget = {
        "kind": "budget",
        "slug": "b",
        "subject": "flow",
        "of": "digest",
        "limit_usd": 1,
        "period": "day",
    }
    assert renamed(budget, NAMES)["of"] == "digest-2"
