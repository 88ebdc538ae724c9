"""Competitive analysis: passed, sent back by the gate, with a gap, kept back, nothing known."""

from tests.journeys.gallery.scene import Scene

STARTER = "competitive-analysis"
SCENES = [
    Scene(
        "three-competitors",
        {"status": "done", "score": 0.92},
        {"recommendation": "between 49 and 64 USD"},
        past=("kept_back", "nothing"),
    ),
    Scene(
        "sent-back",
        {"status": "done", "score": 0.92},
        {"recommendation": "the only dustproof lamp costs 89 USD"},
    ),
    Scene("one-unknown", {"status": "done"}, {"recommendation": "Find out about glimmer"}),
    Scene(
        "kept-back",
        {
            "status": "kept_back",
            "score": 0.2,
            "reason": "Profiles say nothing on next year. Say so instead of predicting.",
        },
        past=("done",),
    ),
    Scene(
        "nothing-known",
        {"status": "nothing_known", "reason": "The catalogue knows none of them: glimmer, flicker."},
        past=("compare", "judge"),
    ),
]
