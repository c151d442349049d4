"""The server is killed at any moment of any mutation. No change is lost, half written or executed twice.

A client without a response repeats its request with the same idempotency key to the next server.
"""

import random

import pytest

from db.connections.engine import Database
from tests.endurance.killing import Killer, killing_servers
from tests.endurance.mutations import MUTATION_TYPES
from tests.endurance.scale import soak
from tests.support.figures import record_figures

pytestmark = pytest.mark.anyio

_MOMENTS = 48  # about the number of moments of a mutation; the soak test finds the last one of each


async def test_a_mutation_is_complete_or_undone_after_a_kill(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with killing_servers(engine, database_url) as killer:
        for number, type_ in enumerate(MUTATION_TYPES):
            for half in (0, _MOMENTS // 2):
                await killer.kill_at_moment(type_, 1 + (2 * number + half) % _MOMENTS)
    _record("kill at a moment", database_kind, killer)


async def test_concurrent_mutations_are_complete_or_undone_after_a_kill(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with killing_servers(engine, database_url) as killer:
        await _kill_at_random(killer, 8)
    _record("kill at random", database_kind, killer)


@pytest.mark.soak
async def test_a_mutation_is_complete_or_undone_after_a_kill_at_any_moment(
    engine: Database, database_url: str, database_kind: str
) -> None:
    step = soak(1, short=4)
    async with killing_servers(engine, database_url) as killer:
        for number, type_ in enumerate(MUTATION_TYPES):
            await killer.new_organization()
            moment = 1 + number % step
            while not await killer.kill_at_moment(type_, moment):
                moment += step
            assert moment > _MOMENTS // 2, "the moments of a transaction were passed"
    assert killer.committed > 0
    assert killer.undone > killer.committed
    _record("kill at every moment", database_kind, killer)


@pytest.mark.soak
async def test_concurrent_mutations_are_complete_or_undone_after_many_kills(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with killing_servers(engine, database_url) as killer:
        await _kill_at_random(killer, soak(1000, short=60))
    assert killer.committed > 0
    assert killer.undone > 0
    _record("a thousand kills", database_kind, killer)


async def _kill_at_random(killer: Killer, times: int) -> None:
    generator = random.Random()
    longest = await killer.kill_after(None)
    for number in range(times):
        if number % 40 == 39:
            await killer.new_organization()
        duration = await killer.kill_after(generator.uniform(0, longest))
        longest = max(longest * 0.95, duration)


def _record(test: str, database: str, killer: Killer) -> None:
    record_figures(test, database, kills=killer.kills, committed_unanswered=killer.committed, undone=killer.undone)
