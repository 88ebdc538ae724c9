"""What a model costs: the provider document's own prices, else the table LiteLLM ships, else unpriced.

The table is read as the data file it is: importing LiteLLM costs seconds, and a web process that estimates a
flow's cost never needs the rest of it. A test compares the result with LiteLLM's own arithmetic.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import orjson

NANO_PER_DOLLAR = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000
TABLE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Price:
    """Billionths of a US dollar per token. Over `step_tokens` of input the `step_` prices hold for the whole call."""

    input_nano_per_token: Fraction
    output_nano_per_token: Fraction
    cached_nano_per_token: Fraction | None = None
    step_tokens: int | None = None
    step_input: Fraction = Fraction(0)
    step_output: Fraction = Fraction(0)

    def cost_nano(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """The call's cost, rounded up to a whole billionth; `cached_tokens` are part of `input_tokens`."""
        rate_in, rate_out, rate_cached = self._rates(input_tokens)
        cached = min(max(cached_tokens, 0), input_tokens)
        if cached:
            exact = (input_tokens - cached) * rate_in + cached * rate_cached + output_tokens * rate_out
            return math.ceil(exact)
        # The same in whole numbers: every call comes by here, and fractions cost ten times as much.
        over = rate_in.denominator * rate_out.denominator
        spent = input_tokens * rate_in.numerator * rate_out.denominator
        return -(-(spent + output_tokens * rate_out.numerator * rate_in.denominator) // over)

    def _rates(self, input_tokens: int) -> tuple[Fraction, Fraction, Fraction]:
        if self.step_tokens is not None and input_tokens > self.step_tokens:
            return self.step_input, self.step_output, self.step_input
        cached = self.cached_nano_per_token
        return (
            self.input_nano_per_token,
            self.output_nano_per_token,
            self.input_nano_per_token if cached is None else cached,
        )


def price(provider: dict, model: str) -> Price | None:
    """The price of `model` (its name without the provider's slug) at this provider; None means unpriced, never free."""
    own = provider.get("prices", {}).get(model)
    if own is not None and own.get("unpriced"):
        return None
    if own is not None:
        return Price(_per_mtok(own["input_usd_per_mtok"]), _per_mtok(own["output_usd_per_mtok"]))
    if provider.get("type") == "scripted":
        return None
    return listed(provider.get("type", ""), model)


@lru_cache(maxsize=1024)
def listed(provider_type: str, model: str) -> Price | None:
    """The price in LiteLLM's table for a model of a LiteLLM provider type; None where it has none."""
    row = _table().get(f"{provider_type}/{model}")
    if row is None:
        row = _table().get(model, {})
        if not str(row.get("litellm_provider", "")).startswith(provider_type):
            return None
    return _from_row(row)


def _from_row(row: dict) -> Price | None:
    entry, exit_ = row.get("input_cost_per_token"), row.get("output_cost_per_token")
    if entry is None or exit_ is None:
        return None
    cached = row.get("cache_read_input_token_cost")
    steps = [n for n in (100, 128, 200, 256, 272, 512) if f"input_cost_per_token_above_{n}k_tokens" in row]
    step = steps[0] if steps else None
    return Price(
        _per_token(entry),
        _per_token(exit_),
        None if cached is None else _per_token(cached),
        None if step is None else step * 1000,
        Fraction(0) if step is None else _per_token(row[f"input_cost_per_token_above_{step}k_tokens"]),
        Fraction(0)
        if step is None
        else _per_token(row.get(f"output_cost_per_token_above_{step}k_tokens", exit_)),
    )


def _per_token(dollars: float) -> Fraction:
    return Fraction(str(dollars)) * NANO_PER_DOLLAR


@lru_cache(maxsize=1024)
def _per_mtok(dollars: float | int | str) -> Fraction:
    return Fraction(str(dollars)) * NANO_PER_DOLLAR / TOKENS_PER_PRICE


@cache
def _table() -> dict[str, dict]:
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return {}
    path = Path(spec.submodule_search_locations[0]) / TABLE
    return orjson.loads(path.read_bytes()) if path.exists() else {}
