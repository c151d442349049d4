"""The process is killed at any moment of any mutation: nothing is lost, nothing is half written, nothing is doubled.

A client that got no answer repeats its request to the next server, under the same key: then it was made once.
"""

import random

import pytest

from db.connections.engine import Database
from tests.endurance.killing import Killing, killing
from tests.endurance.mutations import KINDS
from tests.endurance.scale import soak
from tests.support.figures import record_figures

pytestmark = pytest.mark.anyio

_MOMENTS = 48  # about as many as a mutation has; the soak finds the last of each


async def test_a_kill_at_a_moment_of_each_mutation_leaves_it_whole_or_undone(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with killing(engine, database_url) as killed:
        for number, kind in enumerate(KINDS):
            for half in (0, _MOMENTS // 2):
                await killed.at_moment(kind, 1 + (2 * number + half) % _MOMENTS)
    _record("kill at a moment", database_kind, killed)


async def test_a_kill_among_the_requests_of_many_leaves_each_whole_or_undone(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with killing(engine, database_url) as killed:
        await _kill_at_random(killed, 8)
    _record("kill at random", database_kind, killed)


@pytest.mark.soak
async def test_a_kill_at_every_moment_of_every_mutation_leaves_it_whole_or_undone(
    engine: Database, database_url: str, database_kind: str
) -> None:
    step = soak(1, short=4)
    async with killing(engine, database_url) as killed:
        for number, kind in enumerate(KINDS):
            await killed.new_organization()
            moment = 1 + number % step
            while not await killed.at_moment(kind, moment):
                moment += step
            assert moment > _MOMENTS // 2, "the moments of a transaction were passed"
    assert killed.committed > 0
    assert killed.undone > killed.committed
    _record("kill at every moment", database_kind, killed)


@pytest.mark.soak
async def test_a_thousand_kills_among_the_requests_of_many_leave_each_whole_or_undone(
    engine: Database, database_url: str, database_kind: str
) -> None:
    async with killing(engine, database_url) as killed:
        await _kill_at_random(killed, soak(1000, short=60))
    assert killed.committed > 0
    assert killed.undone > 0
    _record("a thousand kills", database_kind, killed)


async def _kill_at_random(killed: Killing, times: int) -> None:
    chosen = random.Random()
    longest = await killed.at_random(None)
    for number in range(times):
        if number % 40 == 39:
            await killed.new_organization()
        took = await killed.at_random(chosen.uniform(0, longest))
        longest = max(longest * 0.95, took)


def _record(test: str, database: str, killed: Killing) -> None:
    record_figures(test, database, kills=killed.kills, committed_unanswered=killed.committed, undone=killed.undone)
