"""JSON kept as text: any JSON value, the same on both databases, back exactly as it went in."""

import json
from typing import Any

from django.db import models


class JsonText(models.TextField):
    """A JSON value in a text column; None is NULL.

    PostgreSQL's jsonb refuses NUL characters and rewrites numbers, and what models and tools say holds both. Pure
    ASCII with escapes is stored, so that lone surrogates pass too.
    """

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value)

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or "null"

    def to_python(self, value: Any) -> Any:
        return value
