"""Forms made from a JSON Schema: drawn without script, read back into the typed value."""

from runs.views.forms.field_view import FieldView
from runs.views.forms.schema_form import SchemaForm, defaults
from runs.views.forms.shapes import Choices, Option

__all__ = ["Choices", "FieldView", "Option", "SchemaForm", "defaults"]
