"""One-click fixes: for a problem with one obvious mend, what the button says and the operations that mend it. Pure.

A fix removes its problem; what it draws is a start, not always all that its author wants.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.fixes import configs, crews, edges, hints, loops, nodes
from flows.fixes.scene import Fix, Scene
from governance.refusals import Problem

__all__ = ["Fix", "fixes"]

MENDS = {**nodes.MENDS, **edges.MENDS, **loops.MENDS, **configs.MENDS, **crews.MENDS, **hints.MENDS}


def fixes(
    document: Mapping[str, Any], problems: Iterable[Problem], stock: Mapping[str, Sequence[str]]
) -> list[Fix | None]:
    """The fix of each problem, None where nobody can know what is meant.

    `stock` names what could be chosen: {"agent": slugs, "tool": slugs, "flow": slugs} with an active version.
    """
    scene = Scene(document, stock)
    return [MENDS.get(problem.code, configs.cleared)(scene, problem) for problem in problems]
