"""The form of a provider: where its models are, its key, what they cost."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from registry.schemas import DOLLARS, PROVIDER
from runs.views.forms import SchemaForm
from runs.views.registry.document_form import (
    IDENTITY,
    PREFIX,
    DocumentForm,
    Section,
    Words,
    dressed,
    of_objects,
)
from runs.views.registry.rows import Rows

SIMULATED = "scripted"
# Names of LiteLLM that are often meant; any other can be typed.
TYPES = (
    SIMULATED,
    "anthropic",
    "azure",
    "bedrock",
    "cohere",
    "deepseek",
    "gemini",
    "groq",
    "hosted_vllm",
    "lm_studio",
    "mistral",
    "ollama",
    "openai",
    "openrouter",
    "together_ai",
    "vertex_ai",
    "xai",
)
PRICE = of_objects(
    {
        "input_usd_per_mtok": DOLLARS,
        "output_usd_per_mtok": DOLLARS,
        "unpriced": {"type": "boolean", "default": False},
    }
)
CALLED = ("api_base", "secret")  # fields of a provider that is called over the network


def form_of(body: Mapping) -> DocumentForm:
    """A simulated provider has a script and calls nothing; what stands in a document is shown whatever its type."""
    simulated = body.get("type") == SIMULATED
    hidden = [*IDENTITY, *(CALLED if simulated else ("script",))]
    shown = {
        name: inner for name, inner in PROVIDER["properties"].items() if name not in hidden or name in body
    }
    properties = {name: inner for name, inner in shown.items() if name not in IDENTITY}
    rows = Rows(("prices",), "model", check=price_fault)
    properties["prices"] = rows.schema(PRICE)
    said = {place: words for place, words in words_of().items() if place.split("/")[1] in properties}
    schema = dressed(properties, ("type",), said, patterns(properties))
    widgets = {"/script": "json", "/description": "longtext"}
    return DocumentForm("provider", SchemaForm(schema, widgets, PREFIX), sections(), (rows,))


def price_fault(row: Mapping) -> tuple[str, str] | None:
    """What a price lacks."""
    if row.get("unpriced"):
        priced = next((name for name in ("input_usd_per_mtok", "output_usd_per_mtok") if name in row), None)
        return priced and (priced, _("Leave the price out, or say that the model has one."))
    lacking = next((name for name in ("input_usd_per_mtok", "output_usd_per_mtok") if name not in row), None)
    return lacking and (lacking, _("Give both prices, or mark the model as unpriced."))


def sections() -> tuple[Section, ...]:
    return (
        Section("connection", _("Connection"), "plug", ("name", "description", "type", "api_base", "secret")),
        Section(
            "prices",
            _("Prices"),
            "wallet",
            ("prices",),
            _(
                "In US dollars per million tokens. A model without a price here is looked up in LiteLLM's table."
            ),
        ),
        Section(
            "script", _("Script"), "scroll-text", ("script",), _("The first entry whose when holds answers.")
        ),
    )


def words_of() -> Words:
    return {
        "/name": (_("Name"), ""),
        "/description": (_("Notes"), ""),
        "/type": (
            _("Type"),
            _("How LiteLLM calls this provider. “scripted” simulates a model, without a key."),
        ),
        "/api_base": (
            _("Address"),
            _("Where the provider does not know it by itself: http://127.0.0.1:11434"),
        ),
        "/secret": (
            _("Secret"),
            _("Name of the secret with the key. A key that is typed below names it itself."),
        ),
        "/prices": (_("Prices by model"), ""),
        "/prices/*/model": (_("Model"), ""),
        "/prices/*/input_usd_per_mtok": (_("Input"), ""),
        "/prices/*/output_usd_per_mtok": (_("Output"), ""),
        "/prices/*/unpriced": (_("Has no price"), ""),
        "/script": (_("Script"), _("A JSON list of entries with when, and say, json or calls.")),
    }


def patterns(properties: Mapping) -> dict[str, str]:
    said = {
        "/type": type_words(),
        "/api_base": _("an address that starts with http:// or https://"),
        "/secret": _("a name of letters, digits, dots, hyphens and underscores"),
    }
    return {place: what for place, what in said.items() if place[1:] in properties}


def type_words() -> str:
    return _("a LiteLLM provider's name, such as openai, anthropic or ollama")
