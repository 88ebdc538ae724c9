"""What an agent reports while it answers (flows.reporting): on record once, and brought to people where it asks them.

Each report has the name of a call, in the order in which the conversation makes them: played again, it finds its line
and its item, and nothing is written or asked twice.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows import reporting
from flows.asking import Calling, Function
from flows.failure import StepFailed
from flows.letters import clean, in_one_line, says_something
from governance.port import ApprovalRequest, Decided
from runs.engine.library import Pinned
from runs.engine.memory import report_of

if TYPE_CHECKING:
    from runs.engine.answering import HandedOver, Handing, Role
    from runs.engine.context import StepContext

LONGEST_TITLE = 120  # characters of a question that stand in its title
LIMITS = {"status": "status reports", "help": "questions to people"}


@dataclass(frozen=True, slots=True)
class Settled:
    """A report that ended the agent's turn: the answer in its place, or how the step fails."""

    answer: Any = None
    failure: StepFailed | None = None

    def result(self) -> Any:
        """The answer. Raises StepFailed."""
        if self.failure is not None:
            raise self.failure
        return self.answer


def offered(
    ctx: "StepContext", agent: Pinned, role: "Role", handing: "Handing | None", made: Counter
) -> tuple[Function, ...]:
    """The functions of `agent`, none where its document offers none. `made` counts the reports of the whole answer,
    also of those it was handed over to."""
    if not role.may_report or not reporting.allowed(agent.content):
        return ()
    reporter = Reporter(ctx, agent, role, handing, made)
    calls = {
        "status": reporter.status,
        "help": reporter.help,
        "escalate": reporter.escalate,
        "out_of_scope": reporter.out_of_scope,
    }
    return reporting.functions(agent.content, handing.known() if handing else (), calls)


class Reporter:
    """One agent of an answer. What it says names its call before it waits for anything."""

    def __init__(
        self, ctx: "StepContext", agent: Pinned, role: "Role", handing: "Handing | None", made: Counter
    ):
        self.ctx, self.agent, self.role, self.handing, self.made = ctx, agent, role, handing, made
        self.name = agent.content.get("name") or agent.slug
        self.refused: dict[str, str] = {}  # who was named and may not take it, with the reason

    async def status(self, arguments: Mapping, calling: Calling) -> Any:
        call, text = self._named(), _said(arguments["text"])
        self._count("status")
        self._note("status", call, text)
        return {"recorded": True}

    async def help(self, arguments: Mapping, calling: Calling) -> Any:
        call, question = self._named(), _said(arguments["question"])
        self._count("help")
        self._refuse_more(call)
        self._note("help", call, question)
        told = await self._asked(
            kind="question",
            call=call,
            title=f"{self.name} asks: {_first_line(question)}",
            payload={"agent": self.agent.slug, "question": question},
            schema=reporting.ANSWER,
            reviewers=reporting.reviewers(self.agent.content),
            due_in_s=reporting.due_in_s(self.agent.content),
            on_timeout="port",
        )
        if told.decision == "timed_out":
            return {"answered": False, "why": "Nobody answered in time. Go on as well as you can without."}
        return {"answered": True, **told.payload}

    async def escalate(self, arguments: Mapping, calling: Calling) -> Settled:
        call, reason = self._named(), _said(arguments["reason"])
        self._refuse_more(call)
        self._note("escalate", call, reason)
        escalate = self.ctx.node.escalate or {}
        asked = (escalate["to"],) if escalate else reporting.reviewers(self.agent.content)
        told = await self._asked(
            kind="escalation",
            call=call,
            title=f"{self.name} asks a person to take over",
            payload=self._gathered(reason),
            reason=reason,
            schema=self.role.output_schema or reporting.IN_WORDS,
            reviewers=asked,
            due_in_s=escalate.get("due_in_s") if escalate else reporting.due_in_s(self.agent.content),
        )
        return self._settled(reason, told)

    async def out_of_scope(self, arguments: Mapping, calling: Calling) -> "Settled | HandedOver":
        call, reason = self._named(), _said(arguments["reason"])
        chosen = self.ctx.meant(arguments.get("agent"))
        self._choose(call, chosen, reason)
        if chosen is None:
            return self._turned_down(reason)
        try:
            return await self.handing.over(chosen, reason)
        except StepFailed as failure:
            self.refused[chosen] = failure.message
            raise

    # --- on record ---------------------------------------------------------------------------------------------

    def _named(self) -> str:
        return self.ctx.desk.next_call()

    def _count(self, kind: str) -> None:
        """Raises StepFailed `denied`, of which the model is told, where its answer made enough of them."""
        most = reporting.MOST[kind]
        self.made[kind] += 1
        if self.made[kind] > most:
            raise StepFailed("denied", f"At most {most} {LIMITS[kind]} are taken; go on without.")

    def _refuse_more(self, call: str) -> None:
        """The same where the run asked people enough. Played again, what was asked is asked, and what was refused is
        refused: the journal holds the questions that were in its way."""
        if report_of(call) in self.ctx.memory.told or self.ctx.driver.memory.asked < reporting.MOST_ASKED:
            return
        raise StepFailed(
            "denied",
            f"The agents of this run asked people {reporting.MOST_ASKED} times, and no more is taken; go on as well as "
            "you can without.",
        )

    def _note(self, kind: str, call: str, text: str) -> None:
        if self.ctx.driver.is_new(self.ctx.key, report_of(call)):
            said = {"kind": kind, "call": call, "agent": self.agent.slug, "text": text}
            self.ctx.driver.line("note", said, self.ctx.key)

    def _choose(self, call: str, chosen: str | None, reason: str) -> None:
        if not self.ctx.driver.is_new(self.ctx.key, report_of(call)):
            return
        others = [name for name, _ in self.handing.known()] if self.handing else []
        made = {
            "kind": "out_of_scope",
            "candidates": reporting.candidates(others, chosen, self.refused),
            "chosen": [] if chosen is None else [chosen],
            "method": "agent",
            "reason": reason,
            "call": call,
            "agent": self.agent.slug,
        }
        self.ctx.driver.line("choice.made", made, self.ctx.key)

    # --- people ------------------------------------------------------------------------------------------------

    async def _asked(self, *, call: str, payload: Any, **request: Any) -> Decided:
        ctx = self.ctx
        bound = ctx.driver.sight.fingerprint(ctx.key, call, ctx.driver.veil.clear(payload))
        asked = ApprovalRequest(call=call, payload=payload, fingerprint=bound, **request)
        return await ctx.driver.inbox.decided(ctx.key, ctx.memory, asked)

    def _gathered(self, reason: str) -> dict:
        """What a person needs to take over: of a turn or an item, what that was given."""
        ctx, why = self.ctx, StepFailed("escalated", f"{self.name}: {reason}")
        gathered = ctx.driver.sight.gathered(ctx.key, ctx.memory, why)
        return gathered if ctx.item is None else {**gathered, "input": [ctx.memory.item]}

    def _settled(self, reason: str, told: Decided) -> Settled:
        """Raises StepFailed `rejected`, of which the model is told, where it is to go on itself."""
        if told.decision == "answer":
            return Settled(told.payload)
        if told.decision == "retry":
            more = told.reason or "nothing more was said"
            raise StepFailed("rejected", f"A person looked at it and wants you to go on yourself: {more}")
        why = (
            "Nobody took over in time."
            if told.decision == "timed_out"
            else f"The escalation was rejected: {told.reason or 'no reason given'}."
        )
        return Settled(
            failure=StepFailed("rejected", f"{self.name} asked a person to take over: {reason} {why}")
        )

    def _turned_down(self, reason: str) -> Settled:
        if self.role.output_schema is None:
            return Settled({"text": reason})
        message = f"{self.name} found this outside of its scope, and nobody takes it: {reason}"
        return Settled(failure=StepFailed("rejected", message))


def _said(text: str) -> str:
    """Raises StepFailed `invalid_input`, of which the model is told, where there is nothing to read."""
    if not says_something(text):
        raise StepFailed("invalid_input", "There is nothing to read in this: say it in words.")
    return text.strip()


def _first_line(text: str) -> str:
    line = in_one_line(clean(text).strip().partition("\n")[0])
    return line if len(line) <= LONGEST_TITLE else f"{line[:LONGEST_TITLE]}…"
