"""A hint on prices: who only decides who works needs no dearer model than those who do the work (P5).

A model's price is compared by a usual call of a router: RATIO tokens in for each one out. The hint comes only where
the model costs at least as much as every worker's and a cheaper one is known, so it can always be followed.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from flows.checks.drawing import Drawing
from flows.costs import PriceOf
from flows.crew import Lead, leads, parts
from governance.refusals import Problem

RATIO = 4


def dear_leads(drawing: Drawing, price: PriceOf, models: Iterable[str] = ()) -> Iterator[Problem]:
    """Problems of severity `info`. `price` as in flows.estimate; `models` are others that could be chosen."""
    own = (part.document["model"] for part in parts(drawing) if part.document)
    prices = {model: usual for model in {*own, *models} if (usual := usual_price(model, price)) is not None}
    for lead in leads(drawing):
        yield from dear_lead(drawing, lead, prices)


def dear_lead(drawing: Drawing, lead: Lead, prices: dict[str, Fraction]) -> Iterator[Problem]:
    document = drawing.lookup("agent", lead.agent) if lead.agent else None
    own = prices.get(document["model"]) if document else None
    workers = [prices.get(each.document["model"]) for each in lead.members]
    if own is None or not workers or any(price is None or price > own for price in workers):
        return
    cheapest = min(prices, key=lambda model: (prices[model], model))
    if prices[cheapest] >= own:
        return
    message = (
        f"{document['model']} costs at least as much as the models that {lead.node.id} chooses among, and deciding "
        f"takes less than doing: {cheapest} costs {share(prices[cheapest] / own)} of it. Try it for the agent "
        f"{lead.agent}, and look whether it decides as well."
    )
    yield drawing.at_node(Problem("/config/agent", message, "dear_lead", "info"), lead.node.id)


def usual_price(model: str, price: PriceOf) -> Fraction | None:
    rates = price(model)
    return None if rates is None else RATIO * Fraction(rates[0]) + Fraction(rates[1])


def share(part: Fraction) -> str:
    return "nothing" if not part else "less than 1%" if part < Fraction(1, 100) else f"{float(part):.0%}"
