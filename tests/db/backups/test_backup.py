"""A backup is one snapshot, also under load. It is restored into SQLite or PostgreSQL, which then accept changes."""

import asyncio
import os
import stat
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, update
from uuid_utils.compat import uuid7

from db.backups import backup, restore
from db.backups.archives import verify_archive
from db.backups.backup import archived_columns
from db.backups.restore import restore_backup
from db.connections.engine import Database, create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.migrations.schema_version import REVISIONS
from db.outbox.intake import ingest_events, register_sink
from db.outbox.lanes import claim_lanes
from db.tables import (
    access_log,
    metadata,
    outbox,
    patient_endings,
    relay_lanes,
    relay_sinks,
)
from db.transactions.all_organizations import reading_all
from resolvers.commands.enrollments import disenroll_patient, enroll_patient
from resolvers.commands.groups import update_group_definition
from tests.support.backups import SINK, back_up, content_of, file, fill_every_table, target
from tests.support.clinic import NOW, OURS, context, make_group
from tests.support.databases import operator_of
from tests.support.invariants import assert_invariants
from tests.support.lively_clinic import lively_clinic

__all__ = ["file", "target"]

pytestmark = pytest.mark.anyio

POSITIONS = {outbox.name: {"transaction_id"}, relay_sinks.name: {"transaction_id", "sequence"}}
"""Columns with positions of events, which restoring resets."""


async def contents(engine: Database, table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table, without the columns that restoring resets."""
    columns = [column for column in table.columns if column.name not in POSITIONS.get(table.name, ())]
    async with reading_all(operator_of(engine), Role.OPERATOR) as connection:
        rows = await connection.execute(select(*columns))
        return sorted((dict(row) for row in rows.mappings()), key=repr)


async def test_every_row_of_every_table_is_restored_in_both_databases(
    engine: Database, target: Database, file: Path
) -> None:
    await fill_every_table(engine)
    counts = await back_up(engine, file)
    header, restored = await restore_backup(target, file)
    assert restored == counts
    assert (header.schema, header.made_at) == (REVISIONS[-1], NOW.isoformat())
    for table in metadata.sorted_tables:
        expected = await contents(engine, table)
        assert expected, f"{table.name} has no rows to compare"
        assert await contents(target, table) == expected
        if table is not patient_endings:
            assert counts[table.name] == len(expected)
    await assert_invariants(target)


async def test_a_restored_database_accepts_new_changes(engine: Database, target: Database, file: Path) -> None:
    await fill_every_table(engine)
    [before] = await numbers(engine, func.max(outbox.c.sequence))
    async with engine.begin() as connection:  # as if newer events had been pruned
        await connection.execute(update(relay_lanes).values(newest_sequence=before + 70))
    await back_up(engine, file)
    await restore_backup(target, file)
    group = await make_group(target, max_capacity=1)
    ours = context(target)
    first = (await enroll_patient(ours, str(group.id), "patient-1")).enrollment
    await enroll_patient(ours, str(group.id), "patient-2")
    await disenroll_patient(ours, str(first.id))
    await assert_invariants(target)
    new = [number for number in await numbers(target, outbox.c.sequence) if number > before]
    assert len(new) == len(set(new)) == 4
    if target.dialect.name == "postgresql":
        assert min(new) > before + 70


async def test_restored_events_are_neither_lost_nor_sent_twice(engine: Database, target: Database, file: Path) -> None:
    await lively_clinic(engine)
    await register_sink(engine, SINK)
    await ingest_events(engine, SINK)
    async with engine.begin() as connection:  # as if all of them were delivered
        await connection.execute(update(relay_lanes).values(sequence=relay_lanes.c.newest_sequence, due_at=None))
    unsent = await make_group(engine)
    await enroll_patient(context(engine), str(unsent.id), "patient-1")
    await back_up(engine, file)
    await restore_backup(target, file)
    await register_sink(target, SINK)
    later = await make_group(target)
    await enroll_patient(context(target), str(later.id), "patient-1")
    for _ in range(3):
        await ingest_events(target, SINK)
    due = await claim_lanes(target, SINK, uuid7(), "a test", 60, 100)
    assert {lane.group_definition_id for lane in due} == {unsent.id, later.id}


async def test_a_backup_under_load_is_one_snapshot(engine: Database, target: Database, file: Path) -> None:
    await lively_clinic(engine)
    groups = [await make_group(engine, max_capacity=2) for _ in range(5)]
    started = asyncio.Event()
    stopped = False

    async def work(number: int) -> int:
        changes = 0
        while not stopped:
            group = groups[(number + changes) % len(groups)]
            ours = context(engine)
            enrollment = (await enroll_patient(ours, str(group.id), f"patient-{number + 1}")).enrollment
            await update_group_definition(ours, str(group.id), {"name": f"Group {number} {changes}"})
            await disenroll_patient(ours, str(enrollment.id))
            changes += 1
            started.set()
        return changes

    workers = [asyncio.create_task(work(number)) for number in range(4)]
    await started.wait()
    backups = [await back_up(engine, file.with_suffix(f".{number}")) for number in range(4)]
    stopped = True
    assert all(await asyncio.gather(*workers))
    assert backups[-1][outbox.name] > backups[0][outbox.name]  # writes went on between the backups
    for number, counts in enumerate(backups[:-1]):
        assert (await asyncio.to_thread(verify_archive, file.with_suffix(f".{number}")))[1] == counts
    await restore_backup(target, file.with_suffix(".3"))
    await assert_invariants(target)
    assert await numbers(target, func.count(outbox.c.id)) == [backups[-1][outbox.name]]


async def test_a_backup_is_private_and_replaces_no_file(engine: Database, file: Path) -> None:
    umask = os.umask(0)
    try:
        await back_up(engine, file)
    finally:
        os.umask(umask)
    assert mode_of(file) == 0o600
    content = content_of(file)
    with pytest.raises(FileExistsError, match="already exists"):
        await back_up(engine, file)
    assert content_of(file) == content
    with pytest.raises(FileExistsError, match="already exists"):
        await back_up(engine, broken_link_beside(file))
    assert beside(file) == [file.name]


async def test_a_failed_backup_leaves_no_file(empty_database_url: str, file: Path) -> None:
    empty = create_engine(empty_database_url)
    with pytest.raises(Exception, match="pm_group"):  # it has no tables
        await back_up(empty, file)
    await empty.dispose()
    assert beside(file) == []


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def broken_link_beside(file: Path) -> Path:
    link = file.with_name("link")
    link.symlink_to(file.with_name("nowhere"))
    return link


def beside(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir() if "backup" in path.name)


async def test_memory_does_not_grow_with_the_database(
    engine: Database, target: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (backup, restore):
        monkeypatch.setattr(module, "BATCH_SIZE", 10)
    row = {"organization_id": OURS, "at": NOW, "actor_id": "user-1", "correlation_id": "r", "operation": "Report"}
    patient_ids = [f"patient-{number:08}" for number in range(1_000)]
    async with engine.begin() as connection:
        await connection.execute(
            insert(access_log), [row | {"id": uuid7(), "patient_ids": patient_ids} for _ in range(300)]
        )
    await migrate(target)
    tracemalloc.start()
    counts = await back_up(engine, file)
    await restore_backup(target, file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts[access_log.name] == 300  # 20 MB
    assert peak < 8_000_000


def test_an_archive_contains_every_column_that_is_not_computed() -> None:
    computed = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in set(table.columns) - set(archived_columns(table))
    }
    assert computed == {("pm_group_enrollments", "place")}


async def numbers(engine: Database, column: Any) -> list[int]:
    async with reading_all(operator_of(engine), Role.OPERATOR) as connection:
        return list(await connection.scalars(select(column)))
