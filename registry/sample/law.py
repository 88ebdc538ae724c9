"""The law of Aldmere, a country that does not exist: cases that cite each other, and sections of its acts."""

from registry.sample.books import Refusal
from registry.sample.corpus import Asked, collection, found, record, searching

MOST_CITATIONS = 50


def citing(asked: Asked) -> dict:
    """The later cases that cite a case, oldest first, with how each treats it."""
    case = found("cases", asked["name"], "case")
    treated = [
        {"id": other["id"], "name": other["name"], "year": other["year"], "treatment": cited["treatment"]}
        for other in collection("cases").values()
        for cited in other["cites"]
        if cited["id"] == case["id"]
    ]
    return {"id": case["id"], "cited_by": sorted(treated, key=lambda one: (one["year"], one["id"]))}


def citations(asked: Asked) -> dict:
    """Which of the ids in `ids`, separated by commas, stand in the corpus as a case or a section."""
    ids = [name for name in (part.strip() for part in asked.get("ids", "").split(",")) if name]
    if len(ids) > MOST_CITATIONS:
        raise Refusal(422, f"Ask for at most {MOST_CITATIONS} ids at once.")
    known = [name for name in ids if name in collection("cases") or name in collection("statutes")]
    return {"known": known, "unknown": [name for name in ids if name not in known]}


LAW = {
    "/law/cases": searching("cases"),
    "/law/cases/{name}": record("cases", "case"),
    "/law/cases/{name}/citing": citing,
    "/law/statutes": searching("statutes"),
    "/law/statutes/{name}": record("statutes", "section"),
    "/law/citations": citations,
}
