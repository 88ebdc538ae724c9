"""What each sample of the gallery comes to, time after time: the sample service remembers what was done to it.

The scenes stand in `tests/journeys/gallery/`, a module for each starter: STARTER, SCENES.
"""

import importlib
import pkgutil

from flows import gallery as starters
from tests.journeys import gallery
from tests.journeys.gallery.scene import Scene

SUPPORT, PIPELINE, INVOICES = "customer-support", "content-pipeline", "invoice-processing"


def collected() -> dict[str, list[Scene]]:
    """{starter: its scenes}."""
    names = [module.name for module in pkgutil.iter_modules(gallery.__path__) if module.name != "scene"]
    modules = [importlib.import_module(f"{gallery.__name__}.{name}") for name in names]
    return {module.STARTER: module.SCENES for module in modules}


STORY = collected()
PLAYED = {
    (starter, sample): [scene for scene in scenes if scene.sample == sample]
    for starter, scenes in STORY.items()
    for sample in dict.fromkeys(scene.sample for scene in scenes)
}
SAMPLES = [(starter, sample) for starter, sample in PLAYED if starter in starters.AT_FIRST]


def scenes(starter: str, sample: str) -> list[Scene]:
    """The scenes of one sample, in the order in which they must be played."""
    return PLAYED[starter, sample]
