"""The catalogue: every entity that can be found, by the name that documents and tokens use, and what it is."""

from collections.abc import Iterable
from dataclasses import dataclass

DATA, SECRET, MODEL = "data", "secret", "model"


@dataclass(frozen=True, slots=True)
class Entity:
    """`family` is data (by pattern and checksum), secret, or model: found only where a spaCy model is named."""

    name: str
    title: str
    how: str
    family: str = DATA


ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity("EMAIL_ADDRESS", "E-mail address", "Pattern and a public domain suffix"),
        Entity(
            "PHONE_NUMBER", "Phone number", "Numbering plans of 240 regions; bare digits by the words around"
        ),
        Entity("CREDIT_CARD", "Card number", "Issuer ranges and the Luhn checksum"),
        Entity("IBAN_CODE", "IBAN", "The country's format and the checksum"),
        Entity("US_SSN", "US social security number", "Issued ranges; bare digits by the words around"),
        Entity("US_ITIN", "US taxpayer number", "Issued ranges"),
        Entity("IP_ADDRESS", "IP address", "IPv4 and IPv6; version numbers are left"),
        Entity("MAC_ADDRESS", "MAC address", "Pattern"),
        Entity("CRYPTO", "Bitcoin address", "Pattern and checksum"),
        Entity("DE_TAX_ID", "German tax number", "Checksum and the words around"),
        Entity("UK_NHS", "UK NHS number", "Checksum and the words around"),
        Entity("UK_NINO", "UK national insurance number", "Issued prefixes"),
        Entity("ES_NIF", "Spanish tax number", "Check letter"),
        Entity("IT_FISCAL_CODE", "Italian fiscal code", "Check letter"),
        Entity("PL_PESEL", "Polish PESEL", "Checksum and the words around"),
        Entity("IN_AADHAAR", "Indian Aadhaar number", "Checksum and the words around"),
        Entity(
            "API_KEY",
            "API key",
            "The makers' own formats: OpenAI, Anthropic, GitHub, Slack, Stripe, Google …",
            SECRET,
        ),
        Entity("AWS_KEY", "AWS key", "Access key ids, and secret keys by the words before", SECRET),
        Entity("JWT", "JSON web token", "Three parts of which the first two decode", SECRET),
        Entity("PRIVATE_KEY", "Private key", "PEM block", SECRET),
        Entity(
            "AUTHORIZATION", "Bearer or basic credentials", "Header, or user:password in an address", SECRET
        ),
        Entity(
            "PASSWORD",
            "Password or secret value",
            "High entropy behind a name such as password or token",
            SECRET,
        ),
        Entity("PERSON", "Person's name", "Named entities; needs a spaCy model", MODEL),
        Entity("LOCATION", "Place", "Named entities; needs a spaCy model", MODEL),
    )
}
NEED_MODEL = frozenset(name for name, entity in ENTITIES.items() if entity.family == MODEL)
SECRETS = frozenset(name for name, entity in ENTITIES.items() if entity.family == SECRET)


def known(names: Iterable[str]) -> frozenset[str]:
    """Those of `names` that are entities."""
    return frozenset(names) & ENTITIES.keys()
