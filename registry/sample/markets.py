"""Listed companies that do not exist, with their statements, news, filings and peers, and the state of the economy.

Every statement, news item and filing has an id that a report can cite.
"""

from registry.sample.corpus import Asked, Lookup, collection, found, query, words

PROFILE = ("ticker", "name", "sector", "region", "listed_on", "price_usd", "price_to_earnings")


def companies(asked: Asked) -> dict:
    """The companies whose ticker is asked for, or whose name holds all the words."""
    text = query(asked)
    wanted = words(text)
    fit = [
        profile(company)
        for ticker, company in collection("companies").items()
        if ticker == text.upper() or (wanted and wanted <= words(company["name"]))
    ]
    return {"query": text, "results": fit}


def profile(company: dict) -> dict:
    return {field: company[field] for field in PROFILE}


def part(field: str) -> Lookup:
    """A route that gives one part of what is known of a company."""

    def show(asked: Asked) -> dict:
        company = found("companies", asked["name"], "company with the ticker")
        return {"ticker": company["ticker"], field: company[field]}

    return show


def indicators(asked: Asked) -> dict:
    return found("economies", asked["name"], "economy called")


MARKETS = {
    "/markets/companies": companies,
    "/markets/companies/{name}/statements": part("statements"),
    "/markets/companies/{name}/news": part("news"),
    "/markets/companies/{name}/filings": part("filings"),
    "/markets/companies/{name}/peers": part("peers"),
    "/markets/economies/{name}": indicators,
}
