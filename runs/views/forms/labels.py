"""What a field is called, and in what it is measured, where its schema says neither."""

from collections.abc import Mapping
from typing import Any

UNITS = {"s": "s", "ms": "ms", "usd": "$", "bytes": "bytes"}
WRITTEN = {
    word.lower(): word
    for word in ("API", "CSV", "HTTP", "ID", "IBAN", "JSON", "MCP", "PDF", "SLA", "SQL", "URL", "VAT")
}


def label_of(key: str, schema: Mapping) -> str:
    """The schema's title, else the key as words: `max_cost_usd` is "Max cost"."""
    title = schema.get("title")
    return shown(title) if isinstance(title, str) and title.strip() else humanised(key)


def humanised(key: str) -> str:
    words = [word for word in key.replace("-", "_").split("_") if word]
    kept = [word for word in words[:1] + [word for word in words[1:] if word not in UNITS]]
    text = " ".join(WRITTEN.get(word.lower(), word) for word in kept)
    return shown(text[:1].upper() + text[1:]) or shown(key) or "?"


def unit_of(key: str, schema: Mapping) -> str:
    """s, ms, $ or bytes for a number whose name says so, else nothing."""
    unit = schema.get("x-unit")
    if isinstance(unit, str):
        return shown(unit)
    return next((UNITS[word] for word in key.split("_")[1:] if word in UNITS), "")


def help_of(schema: Mapping) -> str:
    text = schema.get("description")
    return shown(text) if isinstance(text, str) else ""


def shown(text: Any) -> str:
    """Text that can be sent: half a surrogate pair has no UTF-8."""
    return str(text).encode("utf-8", "replace").decode().replace("\0", "�")
