"""What is counted of the usage that a provider reports: its word, unless nobody can believe it.

Counts that cannot be are not taken at all (`backends/assembly.py`). What is left may lie above `max_tokens` or above
the bytes sent, for hidden thinking, images and templates of the provider's own, and is what the operator will be
billed: so it counts. What lies beyond IMPLAUSIBLE times the worst case that was, or would be, held is a fault or a lie:
then that worst case counts, and a note keeps what was reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from governance.money import dollars
from registry.backends import ModelRequest, backend
from registry.lookups import Provider

IMPLAUSIBLE = 10


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call and what they cost in nano-dollars; None: the model has no price."""

    input_tokens: int
    output_tokens: int
    cost: int | None

    @property
    def tokens(self) -> tuple[int, int]:
        return self.input_tokens, self.output_tokens

    def as_data(self) -> dict:
        return {"tokens": {"input": self.input_tokens, "output": self.output_tokens}, "cost_usd": self._usd()}

    def within(self, worst: "Usage") -> "Usage":
        """This usage, or the most that counts of it."""
        if not self._exceeds(worst):
            return self
        return Usage(
            min(self.input_tokens, worst.input_tokens),
            min(self.output_tokens, worst.output_tokens),
            self.cost if self.cost is None else min(self.cost, worst.cost or 0),
        )

    def _exceeds(self, worst: "Usage") -> bool:
        costs_more = (self.cost or 0) > IMPLAUSIBLE * (worst.cost or 0)
        return costs_more or sum(self.tokens) > IMPLAUSIBLE * sum(worst.tokens)

    def _usd(self) -> float | None:
        return None if self.cost is None else dollars(self.cost)


def worst_case(provider: Provider, request: ModelRequest) -> Usage:
    """The bytes of the request as its tokens, plus `max_tokens`, at the model's price."""
    tokens = backend(provider.document["type"]).estimate(request)
    price = provider.price(request.model)
    return Usage(*tokens, None if price is None else price.cost_nano(*tokens))


def capped(call: str, reported: Usage, counted: Usage) -> Mapping:
    """The note that says why the journal's numbers are not the provider's."""
    return {
        "kind": "usage_capped",
        "call": call,
        "reported": reported.as_data(),
        "counted": counted.as_data(),
    }
