"""Legal research: what binds, what was overruled, and citations that do not exist."""

from tests.journeys.gallery.scene import Scene

STARTER = "legal-research"
SCENES = [
    Scene(
        "deposit",
        {
            "status": "answered",
            "statutes": ["TDA-12"],
            "precedents": [
                {"id": "ALD-2023-SC-2", "name": "Rowan v. Tolland Lettings", "counts": "binding"},
                {"id": "ALD-2011-SC-14", "name": "Harrow v. Denby Lettings", "counts": "binding"},
                {"id": "ALD-2019-CA-31", "name": "Ostrow v. Kingsmead Estates", "counts": "overruled"},
            ],
        },
        {"answer": "the whole deposit is due"},
        through=("research", "memo", "check", "answered"),
        past=("withheld",),
    ),
    Scene(
        "non-compete",
        {
            "status": "answered",
            "statutes": ["EA-41"],
            "precedents": [
                {"id": "ALD-2021-CA-57", "name": "Tamsin Freight v. Oduya", "counts": "binding"},
                {"id": "ALD-2014-CA-120", "name": "Corran Software v. Lisk", "counts": "persuasive"},
            ],
        },
        {"answer": "The engineer is not bound"},
        past=("withheld",),
    ),
    Scene(
        "late-kitchen",
        {"status": "answered", "statutes": ["SGA-28"]},
        {"answer": "set a further period of two weeks"},
        past=("withheld",),
    ),
    Scene(
        "no-authority",
        {"status": "no_authority", "precedents": [], "statutes": []},
        {"answer": "There is no authority on this in the corpus"},
        past=("withheld",),
    ),
    Scene(
        "never-verified",
        {
            "status": "withheld",
            "reason": "The memo still cites what is not in the corpus, after one revision.",
            "not_in_the_corpus": ["ALD-2022-CA-20"],
        },
        through=("withheld",),
        past=("answered",),
    ),
]
