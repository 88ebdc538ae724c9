"""Content pipeline: passed at once, revised once, never passed."""

from tests.journeys.gallery.scene import Scene

STARTER = "content-pipeline"
SCENES = [
    Scene(
        "revised-once",
        {
            "status": "published",
            "title": "Electricity from the Tides",
            "path": "electricity-from-the-tides",
            "keywords": ["tidal power", "tidal barrage", "La Rance"],
        },
        {"article": "since 1966, with 240 megawatts"},
        through=("outline", "edit", "seo"),
        past=("withheld",),
    ),
    Scene(
        "passed-at-once",
        {"status": "published", "title": "How Honey Bees Tell the Way"},
        {"article": "measured against the sun", "description": "in which direction flowers are"},
    ),
    Scene(
        "never-passed",
        {"status": "withheld", "reason": "The facts were still wrong after three revisions."},
        {"draft": "running since spring"},
        past=("edit", "seo"),
    ),
]
