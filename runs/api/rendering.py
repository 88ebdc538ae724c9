"""Answers as JSON: texts that are JSON already go out as they are stored, without being parsed again."""

from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

from runs.engine.rows import dumps


class JSON(BaseRenderer):
    """orjson; `stored` texts are embedded."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type=None, renderer_context=None) -> bytes:
        return b"" if data is None else orjson.dumps(data)


def stored(text: str | None) -> orjson.Fragment | None:
    """A JSON text of the database as part of an answer."""
    return None if text is None else orjson.Fragment(text)


def embedded(value: Any) -> orjson.Fragment:
    """A value that people or models made: it may hold integers that orjson refuses."""
    return orjson.Fragment(dumps(value))
