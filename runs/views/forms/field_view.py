"""One field as the templates draw it."""

from dataclasses import dataclass, field
from typing import Any

from runs.views.forms.shapes import Option

TEMPLATES = {
    "text": "text",
    "longtext": "longtext",
    "template": "expression",
    "condition": "expression",
    "value": "expression",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "choice": "choice",
    "choices": "choices",
    "list": "list",
    "object": "object",
    "json": "json",
    "file": "file",
    "problems": "problems",
}


@dataclass(slots=True)
class FieldView:
    """One field as templates/forms/_field.html draws it.

    `value` is the text of the control (for booleans true, false or None; for choices the chosen keys), `markers` are
    hidden asides that the reader needs, `blank` and `pattern` the row to fill in and the one that a script copies.
    """

    name: str
    id: str
    pointer: str
    kind: str
    label: str = ""
    help: str = ""
    value: Any = ""
    required: bool = False
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    children: list["FieldView"] = field(default_factory=list)
    unit: str = ""
    options: tuple[Option, ...] = ()
    default: str = ""
    placeholder: str = ""
    limits: dict[str, Any] = field(default_factory=dict)
    markers: list[str] = field(default_factory=list)
    complete_url: str = ""
    in_row: bool = False
    key: str = ""
    is_absent: bool = False
    blank: "FieldView | None" = None
    pattern: "FieldView | None" = None

    @property
    def template(self) -> str:
        return f"forms/_{TEMPLATES.get(self.kind, 'longtext')}.html"

    @property
    def described_by(self) -> str:
        """The ids of the help and of what is wrong, for aria-describedby."""
        said = [("help", self.help), ("errors", self.errors or self.warnings)]
        return " ".join(f"{self.id}~{name}" for name, there in said if there)

    @property
    def is_group(self) -> bool:
        """Whether its template draws the whole field, not its control alone."""
        return self.kind in ("object", "list", "choices", "boolean", "problems") or self.has_radios

    @property
    def has_radios(self) -> bool:
        return self.kind == "choice" and len(self.options) <= 3 and "constant" not in self.limits

    @property
    def target(self) -> str:
        """The id that a link to what is wrong leads to: the control, or the notes of a group, which has none."""
        return f"{self.id}~errors" if self.is_group and not self.is_tick else self.id

    @property
    def is_tick(self) -> bool:
        return self.kind == "boolean" and not self.limits.get("tristate")

    @property
    def is_wrong(self) -> bool:
        return bool(self.errors) or any(child.is_wrong for child in self.children)

    @property
    def is_filled(self) -> bool:
        """Whether anything stands in an object's or list's fields."""
        return any(child.is_filled for child in self.children) or (
            self.kind not in ("object", "list") and self.value not in ("", None, False, [])
        )
