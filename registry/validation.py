"""Whether what a model or a tool said fits the JSON Schema that its document promises."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from governance import schemas

MOST_SHOWN = 3


def mismatch(schema: Mapping, value: Any) -> str | None:
    """What is wrong with `value`, each fault with its place (`$.items[2].price: …`); None if it fits."""
    try:
        if schemas.fits(schema, value):
            return None
        problems = schemas.instance_problems(schema, value)
    except (jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        return f"$: the schema itself cannot be used: {error}"
    shown = [f"{place(problem.pointer)}: {problem.message}" for problem in problems[:MOST_SHOWN]]
    more = len(problems) - len(shown)
    return " ".join(shown) + (f" And {more} more." if more else "")


def place(pointer: str) -> str:
    """A JSON pointer as the JSON path that models and people read: `/items/2/price` is `$.items[2].price`."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return "$" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)
