"""Every address of a page, filled in with what the demo has: new ones appear in the rules' tests by themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

NOT_PAGES = ("api/", "healthz", "readyz", "metrics")
SLUGS = {
    "project": "demo",
    "flow": "customer-support",
    "agent": "billing-specialist",
    "tool": "create-refund",
    "provider": "simulated",
    "starter": "customer-support",
    "pattern": "supervisor",
    "node": "start",
    "group": "leads",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A page's name and its path in the demo."""

    name: str
    path: str


def addresses(values: Mapping[str, object]) -> list[Address]:
    """All of them; `values` fill what no slug does. A parameter without a value is an error: give it one here."""
    known = {**SLUGS, **values}
    return [
        Address(pattern.name or route, "/" + filled(route, parameters, known))
        for route, parameters, pattern in patterns(get_resolver(), "", {})
    ]


def patterns(resolver: URLResolver, before: str, given: dict) -> Iterator[tuple[str, dict, URLPattern]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if route.startswith(NOT_PAGES):
            continue
        assert isinstance(entry.pattern, RoutePattern), entry
        parameters = {**given, **entry.pattern.converters}
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route, parameters)
        else:
            yield route, parameters, entry


def filled(route: str, converters: Mapping, known: Mapping[str, object]) -> str:
    parts = route.replace(">", "<").split("<")
    for place in range(1, len(parts), 2):
        name = parts[place].rpartition(":")[2]
        assert name in known, f"{route}: tests/runs/views/addresses.py has no value for {name!r}"
        parts[place] = str(converters[name].to_url(known[name]))
    return "".join(parts)
