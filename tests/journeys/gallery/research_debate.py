"""Research debate: agreement at once and after an argument, a judge, a dissent, and a question without a study."""

from tests.journeys.gallery.scene import Scene

STARTER = "research-debate"
SCENES = [
    Scene(
        "agreed-at-once",
        {
            "status": "agreed",
            "position": "supported",
            "rounds": 1,
            "changed": [],
            "sources": ["ST-01", "ST-02"],
        },
        {"conclusion": "answering from memory prepares better"},
        through=("debate", "synthesis", "agreed"),
        past=("judged_debate", "dissent", "disagreed"),
    ),
    Scene(
        "persuaded",
        {
            "status": "agreed",
            "position": "depends",
            "rounds": 2,
            "changed": [
                "field-practitioner: from supported to depends, by the ward study",
                "sceptic: from not supported to depends, once the claim left out shifts",
            ],
        },
        {"conclusion": "It depends on the work."},
        through=("debate", "synthesis", "agreed"),
        past=("dissent",),
    ),
    Scene(
        "dissent",
        {"status": "disagreed", "rounds": 3},
        {"note": "They part on whether either measures creativity.", "would_settle": "by lot"},
        through=("debate", "dissent", "disagreed"),
        past=("judged_debate", "synthesis", "agreed"),
    ),
    Scene(
        "judged",
        {"status": "judged", "position": "not supported", "rounds": 2, "sources": ["ST-07", "ST-08"]},
        {"conclusion": "The judge decided"},
        through=("judged_debate", "synthesis", "agreed"),
        past=("debate", "dissent"),
    ),
    Scene(
        "no-evidence",
        {"status": "agreed", "position": "unknown", "rounds": 1, "sources": []},
        {"conclusion": "There is no study on the question"},
        through=("debate", "agreed"),
    ),
]
