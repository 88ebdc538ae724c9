"""Fixes of supervisors and teams: who takes part, how it is decided, what nothing reads."""

from collections.abc import Mapping
from typing import Any

from flows.fixes.scene import Fix, Scene, the_only, with_config
from flows.members import LISTS
from governance.refusals import Problem, pointer

MOST_MEMBERS = 5  # so many agents may be put to work by one click
USUAL_OPTIONS = ["yes", "no"]


def everybody_chosen(scene: Scene, node: Mapping[str, Any], field: str) -> Fix | None:
    """All agents but the node's own, where they are few."""
    own = node["config"].get("agent")
    others = [slug for slug in scene.stock.get("agent", ()) if slug != own]
    if not 0 < len(others) <= MOST_MEMBERS:
        return None
    label = f"Choose {others[0]}" if len(others) == 1 else f"Choose all {len(others)} agents"
    return Fix(label, (with_config(node, **{field: others}),))


def without_member(node: Mapping[str, Any], field: str, place: int) -> Fix | None:
    """The member goes, where others are left."""
    names = node["config"][field]
    left = [name for number, name in enumerate(names) if number != place]
    return Fix(f"Go on without {names[place]}", (with_config(node, **{field: left}),)) if left else None


def named_twice(scene: Scene, problem: Problem) -> Fix | None:
    node, parts = scene.node(problem), problem.pointer.split("/")
    if node is None or len(parts) != 6 or parts[4] not in LISTS:
        return None
    left = [name for place, name in enumerate(node["config"][parts[4]]) if place != int(parts[5])]
    return Fix("Name it once", (with_config(node, **{parts[4]: left}),))


def weight_dropped(scene: Scene, problem: Problem) -> Fix | None:
    """A weight of nobody who takes part, or a second one of somebody, goes."""
    node = scene.node(problem)
    if node is None:
        return None
    weights = node["config"]["weights"]
    left = {
        name: weight
        for name, weight in weights.items()
        if not problem.pointer.endswith(pointer("weights", name))
    }
    return Fix("Remove its weight", (with_config(node, weights=left or None),))


def options_set(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    return node and Fix("Vote yes or no", (with_config(node, options=USUAL_OPTIONS),))


def judge_chosen(scene: Scene, problem: Problem) -> Fix | None:
    """The only agent judges; where there are several, the majority decides."""
    node, agent = scene.node(problem), the_only(scene, "agent")
    if node is None:
        return None
    if agent is not None:
        return Fix(f"Choose {agent}", (with_config(node, judge=agent),))
    takes_positions = node["config"]["protocol"] in ("vote", "debate")
    label, decide = ("Let the majority decide", "majority") if takes_positions else ("Decide nothing", None)
    return Fix(label, (with_config(node, decide=decide),))


def moderator_chosen(scene: Scene, problem: Problem) -> Fix | None:
    """The only agent moderates; where there are several, everybody speaks in turn."""
    node, agent = scene.node(problem), the_only(scene, "agent")
    if node is None:
        return None
    if agent is not None:
        return Fix(f"Choose {agent}", (with_config(node, moderator=agent),))
    return Fix("Let them speak in turn", (with_config(node, protocol="round_robin"),))


def undecided(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    return node and Fix("Decide nothing", (with_config(node, decide=None),))


def unused(scene: Scene, problem: Problem) -> Fix | None:
    node, parts = scene.node(problem), problem.pointer.split("/")
    if node is None or len(parts) != 5:
        return None
    return Fix("Clear it", (with_config(node, **{parts[4]: None}),))


def everybody_heard(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    if node is None:
        return None
    count = len(node["config"]["participants"])
    return Fix(f"Allow {count} messages", (with_config(node, max_turns=count),))


MENDS = {
    "duplicate_participant": named_twice,
    "duplicate_worker": named_twice,
    "unknown_participant": weight_dropped,
    "other_version": weight_dropped,
    "duplicate_weight": weight_dropped,
    "missing_options": options_set,
    "missing_judge": judge_chosen,
    "missing_moderator": moderator_chosen,
    "nothing_to_decide": undecided,
    "unused": unused,
    "silent_participants": everybody_heard,
}
