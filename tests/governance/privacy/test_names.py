"""Names by the operator's own spaCy model: a small real one, made here, that knows two names."""

import os
import subprocess
import sys

import pytest
import spacy

from governance.detection.detectors import NamesDetector


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": "Lena Fischer"}, {"label": "GPE", "pattern": "Hamburg"}]
    )
    folder = tmp_path_factory.mktemp("model")
    pipeline.to_disk(folder)
    return str(folder)


def test_names_are_found_with_a_model(model):
    text = "Lena Fischer lives in Hamburg"
    found = [(one.entity, text[one.start : one.end]) for one in NamesDetector(model).find(text)]
    assert found == [("PERSON", "Lena Fischer"), ("LOCATION", "Hamburg")]


def test_a_model_that_is_not_installed_finds_nothing_and_says_so(caplog):
    assert list(NamesDetector("no_such_model").find("Lena Fischer")) == []
    assert "BATON_SPACY_MODEL: the model 'no_such_model' cannot be loaded" in caplog.text


def test_the_setting_turns_it_on(model):
    program = "from governance.detection import find; print([one.entity for one in find('Lena Fischer')])"
    environment = {**os.environ, "BATON_SPACY_MODEL": model}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout == "['PERSON']\n"
