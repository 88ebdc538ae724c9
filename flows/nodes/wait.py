"""The `wait` node: the run rests for some seconds, or until a moment."""

from flows.fields import LONGEST_WAIT_S, closed, strict
from flows.nodes.base import Expression, Finished, NodeType, StepFailed
from governance import clock
from governance.refusals import Problem


class Wait(NodeType):
    kind = "wait"
    label = "Wait"
    summary = "Rests for a while or until a moment; holds no worker."
    icon = "timer"
    group = "flow"
    config_schema = strict(
        {
            "seconds": {
                "type": ["number", "string"],
                "minimum": 0,
                "maximum": LONGEST_WAIT_S,
                "pattern": "^=",
                "description": "A number, or `= expression`",
            },
            "until": {"type": "string", "minLength": 1, "description": "RFC 3339 with its zone, or a value"},
        }
    )

    def expressions(self, config):
        return [
            Expression("value", config[key], f"/config/{key}")
            for key in ("seconds", "until")
            if key in config
        ]

    def output_schema(self, config, around):
        return closed({"until": {"type": "string"}})

    def problems(self, node):
        if len(node.config) != 1:
            return [
                Problem("/config", "A wait needs either `seconds` or `until`: set one of them.", "one_moment")
            ]
        until = node.config.get("until", "=")
        if until.startswith("=") or "{" in until:
            return []
        try:
            clock.parse(until)
        except ValueError:
            message = "This is no time with its zone: write it like 2026-01-31T12:00:00Z."
            return [Problem("/config/until", message, "invalid_time")]
        return []

    async def run(self, ctx):
        config = ctx.node.config
        moment = (
            at(ctx.value(config["until"])) if "until" in config else after(ctx, ctx.value(config["seconds"]))
        )
        await ctx.sleep_until(moment)
        return Finished({"until": clock.show(moment)})


def at(until) -> int:
    """Microseconds since 1970 of an RFC 3339 time."""
    try:
        return clock.parse(until)
    except (TypeError, ValueError, OverflowError) as error:
        raise StepFailed(
            "invalid_input", f"`until` is {until!r:.80}; it needs a time such as 2026-01-31T12:00:00Z."
        ) from error


def after(ctx, seconds) -> int:
    """Counted from the step's first start: a crash does not make the wait longer."""
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= LONGEST_WAIT_S
    ):
        raise StepFailed("invalid_input", f"`seconds` is {seconds!r:.80}; it needs 0 to {LONGEST_WAIT_S}.")
    return ctx.first_started_at() + round(seconds * 1_000_000)
