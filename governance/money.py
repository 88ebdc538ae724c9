"""Money: integer billionths of a US dollar inside, JSON numbers exact to nine decimals outside."""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

NANO = 1_000_000_000


def nano(dollars: float | int | str | Decimal) -> int:
    """Billionths of a dollar, rounded up. Raises ValueError for what is no finite amount."""
    try:
        amount = Decimal(str(dollars))
        return int((amount * NANO).to_integral_value(rounding=ROUND_CEILING))
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise ValueError(f"{dollars!r} is not an amount of US dollars") from error


def dollars(nanos: int | None) -> float | int | None:
    """The JSON number: a double prints the shortest decimals that are exact here, up to $9 million."""
    if nanos is None:
        return None
    return nanos // NANO if nanos % NANO == 0 else nanos / NANO
