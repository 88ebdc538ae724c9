"""What is held for a call is told once, whatever happens in between."""

import asyncio

import pytest

from governance.port import Limit
from registry import gateway
from tests.registry.desk import MemoryDesk
from tests.registry.test_gateway_models import PRICES, TOKENS, ask

LIMITS = (Limit("run:7", 10_000_000_000),)


@pytest.mark.parametrize("stored", [1, 2], ids=["before the line", "after it"])
async def test_a_hold_that_the_journal_knows_is_not_written_again_after_a_crash(scripted, project, stored):
    await asyncio.to_thread(scripted, ({"say": "Hi", "tokens": TOKENS},), PRICES)
    desk = MemoryDesk(project_id=project.pk)
    await gateway.model_call(desk, ask(limits=LIMITS, params={"max_tokens": 100}))
    desk.store.lines[:] = desk.lines[:stored]
    again = desk.after_a_crash()
    await gateway.model_call(again, ask(limits=LIMITS, params={"max_tokens": 100}))
    assert again.types == ["policy.decided", "budget.reserved", "model.called", "budget.settled"]
