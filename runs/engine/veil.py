"""One run's view behind its tokens: what conditions, checks and hashes see, and no more than they.

Design note. The engine holds tokens (registry.privacy); values come back for a moment, in the process that needs them.
What was restored of an output is kept beside it, so that a condition does not walk every output of the run again.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from governance.expressions import ExpressionError
from governance.privacy import tokens
from governance.privacy.vault import restored
from registry.untrusted import replacer
from registry.validation import mismatch

if TYPE_CHECKING:
    from runs.engine.driver import Driver

T = TypeVar("T")
PROTECTED = "something in it does not fit a value that is protected here"


class Veil:
    """Bound to a driver, whose vault knows what stands behind every token of the run."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self._clear: dict[str, tuple[Any, Any]] = {}

    def clear(self, content: Any) -> Any:
        """`content` with the values behind its tokens."""
        return restored(content, self.driver.vault.value_of)

    def scope(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """The names of an expression as a condition sees them; the very same in a run without tokens."""
        if self.driver.vault.is_empty:
            return dict(shown)
        meant = {
            "input": self._kept("input", shown["input"]),
            "steps": {node: self._kept(f"steps.{node}", step) for node, step in shown["steps"].items()},
        }
        if "state" in shown:
            meant["state"] = self._kept("state", shown["state"])
        return {**meant, **self.clear({name: value for name, value in shown.items() if name not in meant})}

    def judged(self, evaluate: Callable[[str, Mapping], T], source: str, shown: Mapping[str, Any]) -> T:
        """What `evaluate` says of `source` with the values behind the names that are `shown`. What is wrong is told as
        these tell it. Raises ExpressionError."""
        meant = self.scope(shown)
        try:
            return evaluate(source, meant)
        except ExpressionError as error:
            if meant == shown:
                raise
            found = error
        try:
            evaluate(source, shown)
        except ExpressionError as error:
            if str(error) == str(found):
                raise
        raise ExpressionError(source, PROTECTED)

    def covered(self, content: Any, given: Any) -> Any:
        """`content` in which no value stands that a token of `given` stands for."""
        names = {name for text in tokens.texts_of(given) for name in tokens.found_in(text)}
        values = {value: name for name in names if (value := self.driver.vault.value_of(name)) is not None}
        return tokens.each_text(content, replacer(values)) if values else content

    def fault(self, schema: Mapping, content: Any) -> str | None:
        """What is wrong with what `content` means, without telling it."""
        meant = self.clear(content)
        found = mismatch(schema, meant)
        if found is None or meant == content:
            return found
        return mismatch(schema, content) or "A value that is protected here does not fit."

    def _kept(self, name: str, content: Any) -> Any:
        known = self._clear.get(name)
        if known is None or known[0] is not content:
            known = self._clear[name] = (content, self.clear(content))
        return known[1]
