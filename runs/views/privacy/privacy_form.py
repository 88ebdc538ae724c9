"""The form of a set of privacy rules: rows that say what happens to which data where."""

from django.utils.translation import gettext as _

from governance import documents
from governance.detection.entities import ENTITIES
from runs.views.forms import Choices, SchemaForm
from runs.views.privacy.words import ACTIONS, PLACES
from runs.views.registry.document_form import IDENTITY, PREFIX, DocumentForm, Section, Words, dressed


def form_of() -> DocumentForm:
    own = documents.kind_named("privacy").schema["properties"]
    properties = {name: inner for name, inner in own.items() if name not in IDENTITY}
    widgets = {
        "/description": "longtext",
        "/rules/*/entities": Choices([(one.name, one.title) for one in ENTITIES.values()]),
        "/rules/*/where": Choices([(name, str(label)) for name, label in PLACES.items()]),
        "/rules/*/action": Choices(
            [(action.name, f"{action.label}: {action.says}") for action in ACTIONS.values()]
        ),
    }
    said = {place: text for place, text in words().items() if place.split("/")[1] in properties}
    schema = dressed(properties, ("rules",), said, {})
    return DocumentForm("privacy", SchemaForm(schema, widgets, PREFIX), sections())


def sections() -> tuple[Section, ...]:
    hint = _("Where two rules speak of the same, the stricter one holds. What no rule names goes through.")
    return (
        Section("rules", _("Rules"), "fingerprint-pattern", ("rules",), hint),
        Section("about", _("Name"), "file-text", ("name", "description"), aside=True),
    )


def words() -> Words:
    return {
        "/name": (_("Name"), ""),
        "/description": (_("Notes"), _("For the people who work on it.")),
        "/rules": (_("Rules"), ""),
        "/rules/*/entities": (_("What"), _("Persons and places are found only with a model.")),
        "/rules/*/where": (_("Where"), _("On the way into or out of a run, a model or a tool.")),
        "/rules/*/action": (
            _("What happens"),
            _("Block beats approval, then tokenize, mask, flag, and last allow."),
        ),
    }
