"""Financial analysis: five analysts at once, one asked again, gaps that stay gaps, and a company that is not there."""

from tests.journeys.gallery.scene import Scene

STARTER = "financial-analysis"
WHOLE = ("find", "known", "analyse", "recommend", "recommended")
SCENES = [
    Scene(
        "nordwind",
        {"status": "recommended", "ticker": "NWT", "rating": "buy", "confidence": 0.9, "not_covered": []},
        {"summary": "The gearbox trouble in the news is limited"},
        through=WHOLE,
        past=("unknown",),
    ),
    Scene(
        "falling",
        {"status": "recommended", "ticker": "HLG", "rating": "sell", "not_covered": []},
        {"summary": "All five sides speak against the share"},
        through=WHOLE,
    ),
    Scene(
        "newly-listed",
        {"status": "recommended", "ticker": "BWA", "rating": "hold", "not_covered": ["sentiment"]},
        {"summary": "there is no news to judge by"},
        through=WHOLE,
    ),
    Scene(
        "analyst-fails",
        {"status": "recommended", "ticker": "KRN", "rating": "hold", "not_covered": ["regulation"]},
        {"summary": "not covered because its analyst failed"},
        through=WHOLE,
    ),
    Scene(
        "unknown-company",
        {
            "status": "unknown_company",
            "company": "Acme Rockets",
            "reason": "No listed company has this name or ticker.",
        },
        through=("find", "known", "unknown"),
        past=("analyse", "recommend", "recommended"),
        is_free=True,
    ),
]
