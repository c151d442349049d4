"""Closures that are created or moved while sessions are planned on their days."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest

from db.connections.engine import Database
from tests.schema.test_faults_at_their_fields import client
from tests.schema.test_selected_sessions import MONDAY, new_group, payload_of, window
from tests.support.api_client import ApiClient
from tests.support.invariants import assert_invariants

__all__ = ["client"]

pytestmark = pytest.mark.anyio

GENERATE: Final = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  closedDates userErrors { code } } }"""
RECONCILE: Final = """mutation ($input: ReconcileOccurrencesInput!) { reconcileOccurrences(input: $input) {
  changes { action sessionDate } userErrors { code } } }"""
CREATE: Final = """mutation ($input: CreateClosureInput!) { createClosure(input: $input) {
  closure { id } affected { groupDefinition { id } sessionDate } userErrors { code } } }"""
UPDATE: Final = """mutation ($input: UpdateClosureInput!) { updateClosure(input: $input) {
  closure { id } affected { groupDefinition { id } sessionDate } userErrors { code } } }"""


@pytest.mark.parametrize("plan", [GENERATE, RECONCILE])
async def test_a_new_closure_costs_sessions_or_affects_them(engine: Database, client: ApiClient, plan: str) -> None:
    closure = None
    for number in range(6):
        group = await new_group(client, startTime=f"{6 + number:02}:00:00")
        start = MONDAY + timedelta(days=30 * number)
        day = start + timedelta(days=20)
        days = window(1, day)
        change, values = (CREATE, {"name": "Flood"}) if number % 2 == 0 else (UPDATE, {"id": closure})
        planned, closed = await asyncio.gather(
            payload_of(client, plan, groupDefinitionId=group, **window(300, start)),
            payload_of(client, change, **values, **days),
        )
        assert planned["userErrors"] == closed["userErrors"] == []
        closure = closed["closure"]["id"]
        # One of the two changes came first, and the other has seen it.
        affected = [session for session in closed["affected"] if session["groupDefinition"]["id"] == group]
        dates = planned.get("closedDates") or [entry["sessionDate"] for entry in planned.get("changes", ())]
        is_planned = str(day) not in dates if plan == GENERATE else str(day) in dates
        assert [session["sessionDate"] for session in affected] == ([str(day)] if is_planned else [])
    await assert_invariants(engine)
