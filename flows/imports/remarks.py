"""What an import leaves to do, where it is to be done: in the notes of the nodes, which runs ignore."""

from collections.abc import Iterable, Mapping

from flows.imports.outcome import Note
from flows.imports.sketch import Sketch
from flows.letters import clean

LEFT = "Left to do after the import:"
LONGEST = 10_000  # of a node's note


def remark(sketch: Sketch, notes: Iterable[Note], nodes: Mapping[str, Iterable[str]]) -> None:
    """Each note that is left, at the `nodes` of the place it names; what names none of them, at the start."""
    for note in notes:
        if not note.is_left:
            continue
        sentence = clean(note.sentence)
        if note.where in nodes:
            for node in nodes[note.where]:
                _add(sketch, node, sentence)
        else:
            _add(sketch, "start", f"{clean(note.where)}: {sentence}" if note.where else sentence)


def _add(sketch: Sketch, node: str, sentence: str) -> None:
    told = f"{sketch.nodes[node].get('note', LEFT)}\n- {sentence}"
    if len(told) <= LONGEST:
        sketch.nodes[node]["note"] = told
