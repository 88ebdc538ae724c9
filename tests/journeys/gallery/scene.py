"""One sample of a starter, played through the front door: launched, decided where it waits, compared at its end."""

from dataclasses import dataclass, field

from flows import gallery
from tests.api import FINISHED
from tests.journeys.cast import Demo, assert_sound

DEAREST_USD = 0.2


@dataclass(frozen=True)
class Scene:
    """What a sample comes to.

    `output` holds whole values of the run's output, `says` a part of the text by key. `through` are nodes that have
    to be done, `past` nodes that have to be skipped. `decisions` is what Rita decides, in order, where the run waits
    for her; `asks` is the payload that she is shown first. A run that does not succeed has a `status` and an `error`
    code; one that `is_free` asks no model.
    """

    sample: str
    output: dict = field(default_factory=dict)
    says: dict = field(default_factory=dict)
    through: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    decisions: tuple[dict, ...] = ()
    asks: dict | None = None
    status: str = "succeeded"
    error: str | None = None
    is_free: bool = False

    def play(self, demo: Demo, starter: str, flow: str | None = None) -> dict:
        """The run of `flow` (the starter's own without it), after its end was compared."""
        run = demo.settled(demo.launch(flow or starter, gallery.samples(starter)[self.sample]))
        for place, decision in enumerate(self.decisions):
            assert run["status"] == "waiting", run
            item = demo.decide(run, decision)
            assert place or self.asks is None or item["payload"] == self.asks
            run = demo.ada.run_when(run["id"], lambda now, item=item: goes_on(now, item), within_s=60)
        self.compare(run)
        self.compare_way(demo.ada.steps(run["id"]))
        assert_sound(run, demo.ada.events(run["id"]))
        return run

    def compare(self, run: dict) -> None:
        code = run["error"] and run["error"]["code"]
        assert (run["status"], code) == (self.status, self.error), run
        output = run["output"] or {}
        assert {key: output.get(key) for key in self.output} == self.output, output
        assert {key: part for key, part in self.says.items() if part not in output[key]} == {}, output
        assert 0 <= run["cost_usd"] < DEAREST_USD, run["cost_usd"]
        assert (run["cost_usd"] == 0) == self.is_free, run["cost_usd"]

    def compare_way(self, steps: list[dict]) -> None:
        found = {(step["node"], step["status"]) for step in steps}
        wanted = {(node, "succeeded") for node in self.through} | {(node, "skipped") for node in self.past}
        assert wanted <= found, sorted(wanted - found)


def goes_on(run: dict, decided: dict) -> bool:
    """Whether the run has left the place where it waited, and has ended or waits at another."""
    if run["status"] == "waiting":
        return decided["id"] not in {wait["id"] for wait in run["waiting"]}
    return run["status"] in FINISHED
