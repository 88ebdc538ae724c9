"""What shapes are made of: records, lists, references to named shapes, and the values they share."""

from collections.abc import Iterable, Mapping

from governance import ids
from governance.models.projects import ROLES

Shape = Mapping

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}
COUNT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
ANYTHING: Shape = {}
OBJECT = {"type": "object"}
MOMENT = {"type": "string", "format": "date-time"}
MONEY = {"type": "number", "description": "US dollars, exact to nine decimals."}
IDENTIFIER = {"type": "string", "pattern": f"^[{ids.ALPHABET}]{{{ids.LENGTH}}}$"}
SLUG = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}
# What a new name may be, governance.people says: older ones go on.
USERNAME = {"type": "string", "minLength": 1, "maxLength": 150}
ROLE = {"type": "string", "enum": list(ROLES)}
TOKENS = {
    "type": "object",
    "required": ["input", "output"],
    "properties": {"input": COUNT, "output": COUNT},
}


def name(longest: int = 200) -> Shape:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def text(longest: int) -> Shape:
    return {"type": "string", "maxLength": longest}


def record(properties: Mapping[str, Shape], optional: Iterable[str] = ()) -> Shape:
    """An answer: its fields are always there but for `optional` ones; more may come in later versions."""
    optional = set(optional)
    return {
        "type": "object",
        "required": [field for field in properties if field not in optional],
        "properties": dict(properties),
    }


def body(properties: Mapping[str, Shape], optional: Iterable[str] = (), **more) -> Shape:
    """A request: as a record, but an unknown field is refused."""
    return {**record(properties, optional), "additionalProperties": False, **more}


def nullable(shape: Shape) -> Shape:
    return {"anyOf": [shape, {"type": "null"}]}


def list_of(shape: Shape) -> Shape:
    return {"type": "array", "items": shape}


def named(component: str) -> Shape:
    return {"$ref": f"#/components/schemas/{component}"}


def page_of(component: str) -> Shape:
    return record(
        {"next": nullable({"type": "string", "format": "uri"}), "results": list_of(named(component))}
    )


PROBLEM = record(
    {
        "title": TEXT,
        "status": WHOLE,
        "detail": TEXT,
        "code": TEXT,
        "errors": list_of(
            record(
                {
                    "pointer": TEXT,
                    "parameter": TEXT,
                    "detail": TEXT,
                    "code": TEXT,
                    "severity": {"type": "string", "enum": ["error", "warning"]},
                    "nodes": list_of(TEXT),
                },
                optional=("pointer", "parameter", "code", "severity", "nodes"),
            )
        ),
    }
)
