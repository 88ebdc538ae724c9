"""Path converters of the API: what does not fit is a 404 before any question is asked."""

from django.urls import register_converter

from governance.ids import OpaqueIdConverter

KINDS = ("agents", "tools", "flows", "providers", "policies", "budgets", "privacy", "knowledge")


class Kinds:
    """The kinds of documents in the plural, also those that this installation does not know."""

    regex = "|".join(KINDS)

    def to_python(self, text: str) -> str:
        return text

    def to_url(self, text: str) -> str:
        return text


class Slug(Kinds):
    regex = "[a-z0-9-]{1,64}"


class Hash(Kinds):
    regex = "[0-9a-f]{1,64}"


class VersionNumber:
    regex = "[1-9][0-9]{0,8}"

    def to_python(self, text: str) -> int:
        return int(text)

    def to_url(self, number: int) -> str:
        return str(number)


def register() -> None:
    for name, converter in CONVERTERS.items():
        register_converter(converter, name)


CONVERTERS = {
    "opaque": OpaqueIdConverter,
    "kinds": Kinds,
    "a-slug": Slug,
    "hash": Hash,
    "number": VersionNumber,
}
