"""Prices: the document's own, else LiteLLM's table, else none; exact to a billionth."""

from fractions import Fraction

import pytest

from registry.prices import Price, price

OWN = {
    "slug": "local",
    "type": "openai",
    "prices": {"gpt-4o": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.7}},
}


@pytest.mark.parametrize(
    ("provider", "model", "tokens", "nano"),
    [
        (OWN, "gpt-4o", (1, 0), 100),
        (OWN, "gpt-4o", (1_000_000, 1_000_000), 800_000_000),
        ({"type": "openai"}, "gpt-4o", (1000, 100), 1000 * 2500 + 100 * 10_000),
        ({"type": "openai"}, "gpt-5-mini", (1, 1), 250 + 2000),
        ({"type": "gemini"}, "gemini-2.5-pro", (1, 0), 1250),
        ({"type": "anthropic"}, "claude-sonnet-4-5", (2, 1), 2 * 3000 + 15_000),
    ],
)
def test_a_call_costs_what_its_price_says(provider, model, tokens, nano):
    assert price(provider, model).cost_nano(*tokens) == nano


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ({"type": "openai"}, "unheard-of"),
        ({"type": "mistral"}, "gpt-4o"),
        ({"type": "scripted"}, "gpt-4o"),
        (
            {"type": "scripted", "prices": {"other": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}},
            "writer",
        ),
        ({"type": "no-such"}, "sample_spec"),
        ({"type": "openai", "prices": {"gpt-4o": {"unpriced": True}}}, "gpt-4o"),
    ],
)
def test_a_model_without_a_price_is_unpriced(provider, model):
    assert price(provider, model) is None


def test_a_price_of_nothing_is_a_price():
    free = {"type": "scripted", "prices": {"writer": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}}}
    assert price(free, "writer").cost_nano(1000, 1000) == 0


def test_parts_of_a_billionth_round_up_once_a_call():
    third = Price(Fraction(1, 3), Fraction(1, 3))
    assert [third.cost_nano(n, 0) for n in (0, 1, 3, 4)] == [0, 1, 1, 2]
    assert third.cost_nano(1, 1) == 1


def test_tokens_from_the_providers_cache_cost_less():
    assert price({"type": "openai"}, "gpt-4o").cost_nano(1000, 0, 400) == 600 * 2500 + 400 * 1250


def test_a_long_prompt_costs_the_long_prompts_price():
    gemini = price({"type": "gemini"}, "gemini-2.5-pro")
    assert gemini.cost_nano(200_000, 10) == 200_000 * 1250 + 10 * 10_000
    assert gemini.cost_nano(200_001, 10) == 200_001 * 2500 + 10 * 15_000
