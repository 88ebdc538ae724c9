"""One look at a flow document in its project: what is wrong with it, what a run may cost and take, what it could use.

The API's check and the builder ask here, so that they never differ. Nothing is read twice: a look costs as many
queries as flows lie within flows, however many nodes there are.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from flows.alone import Alone, alone
from flows.check import check_drawing, drawing_of
from flows.checks.drawing import Drawing, Lookup
from flows.checks.fitting import Fitted, fitted
from flows.checks.prices import dear_leads
from flows.costs import Cost
from flows.estimate import flow_cost, node_costs
from flows.estimate import shown as shown_cost
from flows.fixes.hints import hints
from flows.kind import lookup_of
from flows.time_estimate import Time, flow_time, node_times, not_set_up
from flows.time_estimate import shown as shown_time
from governance import documents
from governance.models import Document, Project
from governance.refusals import Problem
from registry.checks import provider_of
from registry.prices import price

UNKNOWN_COST = {"expected_usd": 0, "worst_usd": None, "unbounded": []}
UNKNOWN_TIME = {"expected_s": 0, "worst_s": None, "unbounded": []}
Rates = tuple[Fraction, Fraction]


class Offered(NamedTuple):
    """A document that a node could name, with the number of its active version."""

    slug: str
    name: str
    version: int


class Inspection:
    """`document` may be unfit for publishing; then what can be said is said."""

    def __init__(self, project: Project, document: Mapping[str, Any]):
        self.project, self.document = project, document

    @cached_property
    def found(self) -> Fitted:
        return fitted(self.document)

    @cached_property
    def lookup(self) -> Lookup:
        return lookup_of(self.project, self.found)

    @cached_property
    def drawing(self) -> Drawing | None:
        """What fits; None where nothing does."""
        return drawing_of(self.found, self.lookup)

    @cached_property
    def problems(self) -> list[Problem]:
        return check_drawing(self.found, self.drawing)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    @cached_property
    def hints(self) -> list[Problem]:
        """What could be better though nothing is wrong; problems of severity info."""
        if self.drawing is None:
            return []
        dear = dear_leads(self.drawing, self.prices, self.prices.models())
        return [self.found.placed(each) for each in (*dear, *hints(self.drawing.document))]

    @cached_property
    def alone(self) -> Alone | None:
        """What one agent alone would lose; None where nothing can be said of the document."""
        return None if self.drawing is None else alone(self.drawing, self.prices)

    @cached_property
    def prices(self) -> "Prices":
        return Prices(self.project)

    @cached_property
    def cost(self) -> dict[str, Any]:
        """`{expected_usd, worst_usd, unbounded}`."""
        return UNKNOWN_COST if self.drawing is None else shown_cost(*flow_cost(self.drawing, self.prices))

    @cached_property
    def time(self) -> dict[str, Any]:
        """`{expected_s, worst_s, unbounded}`."""
        return UNKNOWN_TIME if self.drawing is None else shown_time(*flow_time(self.drawing))

    @cached_property
    def costs(self) -> dict[str, Cost]:
        """What each node costs in one run, in billionths of a dollar."""
        return {} if self.drawing is None else node_costs(self.drawing, self.prices)

    @cached_property
    def times(self) -> dict[str, Time]:
        return {} if self.drawing is None else node_times(self.drawing)

    @cached_property
    def not_set_up(self) -> list[str]:
        """The nodes of which cost and time are not known yet."""
        return [] if self.drawing is None else not_set_up(self.drawing)

    @cached_property
    def offered(self) -> dict[str, list[Offered]]:
        """The agents, tools and flows with an active version, by kind, in the order of their slugs."""
        return offered_in(self.project)

    @property
    def stock(self) -> dict[str, list[str]]:
        return {kind: [each.slug for each in found] for kind, found in self.offered.items()}


def offered_in(project: Project) -> dict[str, list[Offered]]:
    found: dict[str, list[Offered]] = {"agent": [], "tool": [], "flow": []}
    rows = Document.objects.filter(project=project, kind__in=found, active__isnull=False).order_by("slug")
    for kind, slug, name, number in rows.values_list("kind", "slug", "name", "active__number"):
        found[kind].append(Offered(slug, name, number))
    return found


class Prices:
    """Called with `provider/model`: billionths of a dollar a token, in and out, in this project; None: unpriced.

    The providers are read once, when the first price is asked for.
    """

    def __init__(self, project: Project):
        self.project = project

    @cached_property
    def providers(self) -> dict[str, Mapping]:
        return active_providers(self.project)

    def __call__(self, model: str) -> Rates | None:
        provider = self.providers.get(provider_of(model))
        found = provider and price(provider, model.partition("/")[2])
        return (found.input_nano_per_token, found.output_nano_per_token) if found else None

    def models(self) -> list[str]:
        """The models that the providers name prices for, as `provider/model`."""
        return [
            f"{slug}/{model}" for slug, body in self.providers.items() for model in body.get("prices", {})
        ]


def active_providers(project: Project) -> dict[str, Mapping]:
    """{slug: document} of the project's active providers."""
    rows = documents.all_of(project, "providers").filter(active__isnull=False)
    return {row.slug: documents.content(row.active) for row in rows}
