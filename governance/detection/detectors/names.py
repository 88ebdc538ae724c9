"""Names of people and places by a spaCy model, where the operator has one (BATON_SPACY_MODEL). None is shipped."""

import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

LABELS = {"PERSON": "PERSON", "PER": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION"}
SURE = 0.85  # what Presidio gives a spaCy entity
PIECE = 50_000  # characters a model reads at once

log = logging.getLogger("baton.privacy")


class NamesDetector(Detector):
    """Asks the model named `model`; finds nothing where it is not installed, and says so in the log once."""

    entities = ("PERSON", "LOCATION")

    def __init__(self, model: str):
        self.model = model

    def find(self, text: str) -> Iterator[Finding]:
        pipeline = loaded(self.model)
        if pipeline is None:
            return
        for at in range(0, len(text), PIECE):
            for found in pipeline(text[at : at + PIECE]).ents:
                if entity := LABELS.get(found.label_):
                    yield Finding(entity, at + found.start_char, at + found.end_char, SURE)


@lru_cache(maxsize=2)
def loaded(model: str) -> Any:
    """The spaCy pipeline called `model`, or None where it cannot be loaded."""
    import spacy

    try:
        return spacy.load(model)
    except (OSError, ImportError, ValueError) as error:
        log.warning(
            "BATON_SPACY_MODEL: the model %r cannot be loaded (%s); names are not found", model, error
        )
        return None
