"""Imports and requests that give seats at the same moment: one sees the other, and none waits in a circle."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.connections.roles import Role
from db.connections.statement_count import start_counting
from db.registry.records import PATIENTS, store_updates
from db.stores.groups import lock_group
from db.stores.rosters import load_roster, save_roster
from db.transactions.all_organizations import writing_all
from db.transactions.unit_of_work import Actor, unit_of_work, unit_of_work_in
from domain.records import Enrollment
from domain.refusal import Refusal
from domain.registry import RegistryUpdate
from domain.roster import disenroll
from resolvers.commands.enrollments import disenroll_patient, enroll_patient
from resolvers.commands.groups import update_group_definition
from resolvers.commands.registry import settle_rosters
from server.imports.batches import store_batch
from server.imports.options import ImportOptions
from server.runtime.clock import now
from tests.server.imports.fhir.resources import map_content
from tests.support.clinic import OURS, context, everything, make_group, seed
from tests.support.databases import operator_of, until_a_backend_waits
from tests.support.invariants import assert_invariants
from tests.support.registry import import_resources, registered

pytestmark = pytest.mark.anyio

ACTOR = Actor("user-1", OURS, "request-1")


async def full_group(engine: Database, *patients: str) -> tuple[UUID, list[Enrollment]]:
    """Return a group with one seat, and its enrollments."""
    group = await make_group(engine, max_capacity=1)
    return group.id, [(await enroll_patient(context(engine), str(group.id), name)).enrollment for name in patients]


async def statuses(engine: Database) -> dict[str, str]:
    return {row["patient_id"]: row["status"] for row in (await everything(engine)).enrollments}


async def until_it_waits(engine: Database) -> None:
    """Wait until a transaction waits for another one. On SQLite a transaction waits when it begins."""
    if engine.dialect.name == "postgresql":
        await until_a_backend_waits(engine)


async def deactivating(engine: Database, folder: Path, patient: str) -> None:
    await import_resources(engine, folder, OURS, registered(patient, active=False))


async def import_while(engine: Database, active: dict[str, bool], request: Awaitable[Any]) -> None:
    """Store the activity of patients, and start a request before the import commits. Wait for both."""
    updates = [RegistryUpdate(patient, {"active": is_active}) for patient, is_active in active.items()]
    async with (
        writing_all(operator_of(engine), Role.OPERATOR) as connection,
        unit_of_work_in(connection, ACTOR, now, uuid7) as work,
    ):
        stored = await store_updates(connection, OURS, PATIENTS, updates)
        await settle_rosters(work, stored.switched)
        waiting = asyncio.ensure_future(request)
        await until_it_waits(engine)
    await waiting


async def test_a_seat_given_before_the_deactivation_is_kept(engine: Database, tmp_path: Path) -> None:
    await seed(engine)
    group_id, _ = await full_group(engine, "patient-1", "patient-2", "patient-3")
    async with unit_of_work(engine, ACTOR, now, uuid7) as work:
        group = await lock_group(work, group_id)
        assert group is not None
        roster = await load_roster(work, group)
        importing = asyncio.create_task(deactivating(engine, tmp_path, "patient-2"))
        await until_it_waits(engine)
        await save_roster(work, disenroll(roster, roster.seated[0], None, work.now))
    await importing
    assert await statuses(engine) == {"patient-1": "DISENROLLED", "patient-2": "ENROLLED", "patient-3": "WAITLISTED"}
    await assert_invariants(engine)


async def test_a_request_waits_for_a_deactivation_and_passes_the_patient(engine: Database) -> None:
    await seed(engine)
    _, [seated, *_] = await full_group(engine, "patient-1", "patient-2", "patient-3")
    await import_while(engine, {"patient-2": False}, disenroll_patient(context(engine), str(seated.id)))
    assert await statuses(engine) == {"patient-1": "DISENROLLED", "patient-2": "WAITLISTED", "patient-3": "ENROLLED"}
    await assert_invariants(engine)


async def test_a_request_waits_for_a_reactivation_that_takes_the_seat(engine: Database, tmp_path: Path) -> None:
    await seed(engine)
    group_id, [seated, _] = await full_group(engine, "patient-1", "patient-2")
    await deactivating(engine, tmp_path, "patient-2")
    await disenroll_patient(context(engine), str(seated.id))
    await import_while(engine, {"patient-2": True}, enroll_patient(context(engine), str(group_id), "patient-3"))
    assert await statuses(engine) == {"patient-1": "DISENROLLED", "patient-2": "ENROLLED", "patient-3": "WAITLISTED"}
    await assert_invariants(engine)


async def test_imports_and_requests_wait_for_each_other_in_no_circle(engine: Database, tmp_path: Path) -> None:
    await seed(engine)
    people = [f"patient-{number}" for number in range(1, 9)]
    groups = [(await full_group(engine, *random.Random(number).sample(people, 6)))[0] for number in range(4)]
    chance = random.Random(7)

    async def requests(group_id: UUID) -> None:
        for number in range(8):
            active = [row for row in (await everything(engine)).enrollments if row["group_definition_id"] == group_id]
            seats = [row for row in active if row["status"] == "ENROLLED"] or active
            operations: list[Awaitable[Any]] = [
                disenroll_patient(context(engine), str(chance.choice(seats)["id"])),
                enroll_patient(context(engine), str(group_id), chance.choice(people)),
                update_group_definition(context(engine), str(group_id), {"max_capacity": number % 3 + 1}),
            ]
            for operation in operations:
                try:
                    await operation
                except Refusal:
                    continue

    async def imports() -> None:
        for _ in range(8):
            inactive = {*chance.sample(people, 4)}
            resources = [registered(patient, active=patient not in inactive) for patient in people]
            await import_resources(engine, tmp_path, OURS, *resources)

    async with asyncio.timeout(60):
        await asyncio.gather(imports(), *map(requests, groups))
    await assert_invariants(engine)


async def test_reactivating_40_patients_takes_the_statements_of_4(engine: Database) -> None:
    await seed(engine, patient_count=50)
    counts = []
    for size in (4, 40):
        people = [f"patient-{number}" for number in range(2, size + 2)]
        for patient in people:
            _, [seated, _] = await full_group(engine, "patient-1", patient)
            await store(engine, patient, active=False)
            await disenroll_patient(context(engine), str(seated.id))
        count = start_counting()
        before = count.statements
        await store(engine, *people, active=True)
        counts.append(count.statements - before)
        await assert_invariants(engine)
    assert counts[0] == counts[1]


async def store(engine: Database, *patients: str, active: bool) -> None:
    batch = [map_content(registered(patient, active=active)) for patient in patients]
    async with (
        writing_all(operator_of(engine), Role.OPERATOR) as connection,
        unit_of_work_in(connection, ACTOR, now, uuid7) as work,
    ):
        await store_batch(connection, work, ImportOptions(OURS, "America/Phoenix"), batch, date(2026, 11, 24))
