"""The same demo flows through LiteLLM over HTTP: nothing but the provider is another one."""

import pytest

from tests.journeys.cast import Demo, Models
from tests.journeys.story import PIPELINE, SAMPLES, SUPPORT, scenes
from tests.openai_server import OpenAIServer


@pytest.mark.parametrize(("flow", "sample"), SAMPLES)
def test_a_sample_comes_to_the_same_end(hosted_demo: Demo, models: Models, flow: str, sample: str):
    for scene in scenes(flow, sample):
        scene.play(hosted_demo, flow)
    assert any(models.calls.values())


def test_calls_are_streamed_with_the_tools_and_the_schema_of_the_agent(
    hosted_demo: Demo, models: Models, model_server: OpenAIServer
):
    run = hosted_demo.played(SUPPORT, {"message": "What 12 desk lamps would cost?"})
    assert run["output"]["route"] == "sales"
    assert all(asked["stream"] and asked["stream_options"]["include_usage"] for asked in model_server.calls)
    assert {header["Authorization"] for header in model_server.headers} == {"Bearer sk-test"}
    routed, priced, answered = (
        *models.calls["support-router"],
        *models.calls["sales-specialist"],
    )
    assert routed["model"] == "small"
    ports = routed["response_format"]["json_schema"]["schema"]["properties"]["routes"]["items"]["properties"][
        "port"
    ]
    assert ports["enum"] == ["billing", "technical", "sales"]
    assert [tool["function"]["name"] for tool in priced["tools"]] == ["quote-total"]
    assert answered["messages"][-1] == {
        "role": "tool",
        "tool_call_id": answered["messages"][-2]["tool_calls"][0]["id"],
        "content": '{"result":529.2}',
    }


def test_tokens_and_cost_are_what_the_provider_reports_at_its_prices(hosted_demo: Demo, models: Models):
    usage = {"prompt_tokens": 400, "completion_tokens": 100}
    models.fault = lambda agent, number, asked: {**(models.scripted(agent, asked) or {}), "usage": usage}
    run = hosted_demo.played(SUPPORT, {"message": "The lamp is broken."})
    assert run["tokens"] == {"input": 800, "output": 200}
    assert run["cost_usd"] == 0.00024  # both agents on small: 800 at 0.15 and 200 at 0.60 a million


def test_a_draft_is_revised_with_what_the_checker_found(hosted_demo: Demo, models: Models):
    hosted_demo.played(PIPELINE, {"topic": "How tidal power works for anglers"})
    first, second = models.calls["writer"]
    assert "Your last draft:" not in first["messages"][-1]["content"]
    assert '"since 1956": the facts say 1966.' in second["messages"][-1]["content"]
