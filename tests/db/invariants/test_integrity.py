"""The check of the database itself names damaged tables and indexes, and says if it could not check indexes."""

import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from anyio import to_thread
from sqlalchemy import delete, text

from db.connections.engine import Database
from db.tables import patients
from server.cli.check import check_database
from server.runtime.command_error import CommandError
from tests.support.clinic import OURS
from tests.support.databases import OWNER, operator_of
from tests.support.invariants import violation_line
from tests.support.lively_clinic import break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


async def test_a_damaged_index_of_sqlite_is_named(engine: Database, database_url: str, database_kind: str) -> None:
    if database_kind == "postgresql":
        pytest.skip("another test covers PostgreSQL")
    await lively_clinic(engine)
    await engine.dispose()
    index = "ix_pm_group_enrollments_of_patient"
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file:
        file.execute("PRAGMA writable_schema = ON")
        # The index was built for all rows, but is now declared for some, so it has too many entries.
        file.execute(
            "UPDATE sqlite_master SET sql = sql || ? WHERE name = ?", (" WHERE patient_id = 'patient-1'", index)
        )
        file.commit()
    out = io.StringIO()
    with pytest.raises(CommandError, match="violations found: "):
        await check_database(operator_of(engine), out, organization_id=None)
    assert "database_is_whole damaged=" in out.getvalue()
    assert index in out.getvalue()


async def test_reports_of_damage_contain_no_stored_text(
    engine: Database, database_url: str, database_kind: str
) -> None:
    if database_kind == "postgresql":
        pytest.skip("this test damages a file of SQLite")
    await lively_clinic(engine)
    await engine.dispose()
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file:
        file.execute("PRAGMA writable_schema = ON")
        for old, new in (
            ("length(name) BETWEEN 1 AND 200", "name = 'a secret'"),  # a constraint that the stored names violate
            ("time_zone VARCHAR(64) NOT NULL", "time_zone INTEGER NOT NULL"),
        ):
            file.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (old, new))
        file.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'search_text', 'id || search_text')"
            " WHERE name = 'ix_pm_group_patients_by_name'"
        )
        file.commit()
    out = io.StringIO()
    with pytest.raises(CommandError, match="violations found: "):
        await check_database(operator_of(engine), out, organization_id=None)
    reports = [line for line in out.getvalue().splitlines() if line.startswith("database_is_whole")]
    assert any("CHECK_constraint_failed_in_pm_group_definitions" in line for line in reports)
    assert any("ix_pm_group_patients_by_name" in line for line in reports)
    for text_ in ("Anger", "Patient 1", "Patient_1", "MR1", "Phoenix", "patient-1", "patient 1"):
        assert not any(text_ in line for line in reports)


async def test_a_dangling_reference_is_named(engine: Database, database_kind: str) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine, delete(patients).where(patients.c.id == "patient-1", patients.c.organization_id == OURS)
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match="violations found: "):
        await check_database(operator_of(engine), out, organization_id=None)
    assert violation_line("within_one_organization", "patient_id", enrollment=clinic.seated[0]) in out.getvalue()
    if database_kind == "sqlite":
        assert re.search(
            r"database_is_whole damaged=reference_from_row_\d+_of_pm_group_enrollments_to_pm_group_patients\n",
            out.getvalue(),
        )


@pytest.mark.parametrize("start", [0, 4096], ids=["from the header", "from the second page"])
async def test_an_unreadable_file_is_reported_with_advice_to_restore(
    engine: Database, database_url: str, database_kind: str, start: int
) -> None:
    if database_kind == "postgresql":
        pytest.skip("this test damages a file of SQLite")
    await lively_clinic(engine)
    await engine.dispose()
    await to_thread.run_sync(overwrite, Path(database_url.removeprefix("sqlite:///")), start)
    with pytest.raises(CommandError, match="damaged, or its file is not a database: restore a backup"):
        await check_database(operator_of(engine), io.StringIO(), organization_id=None)


async def test_a_damaged_index_of_postgresql_is_named(engine: Database, database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("only PostgreSQL has amcheck")
    await lively_clinic(engine)
    await install_amcheck(engine, f"GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean) TO {OWNER}")
    backwards = "CREATE OR REPLACE FUNCTION compare(a int4, b int4) RETURNS int4 LANGUAGE sql IMMUTABLE STRICT AS"
    owner = operator_of(engine)
    out = io.StringIO()
    await check_database(owner, out, organization_id=None)
    assert out.getvalue().startswith("All invariants hold")
    async with engine.begin() as connection:
        operators = ", ".join(f"OPERATOR {n} {sign}" for n, sign in enumerate(("<", "<=", "=", ">=", ">"), start=1))
        for statement in (
            f"{backwards} 'SELECT sign(a - b)::int4'",
            f"CREATE OPERATOR CLASS odd FOR TYPE int4 USING btree AS {operators}, FUNCTION 1 compare(int4, int4)",
            "CREATE INDEX ix_odd ON pm_group_enrollments (version odd)",
            f"{backwards} 'SELECT sign(b - a)::int4'",  # the index is now in the wrong order
        ):
            await connection.execute(text(statement))
    out = io.StringIO()
    with pytest.raises(CommandError, match="violations found: 1"):
        await check_database(owner, out, organization_id=None)
    assert out.getvalue() == "database_is_whole damaged=index_ix_odd\n"


async def test_unchecked_indexes_are_a_notice_with_the_remedy(engine: Database, database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite checks itself")
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=None)
    assert out.getvalue().startswith("notice indexes_not_checked: amcheck is not installed in this database. ")
    await install_amcheck(engine)
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=None)
    notice, summary = out.getvalue().splitlines()
    assert notice.startswith("notice indexes_not_checked: this login may not run amcheck. ")
    assert summary.startswith("All invariants hold")
    statement = notice.partition("an administrator runs: ")[2]
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=None)
    assert out.getvalue().startswith("All invariants hold")


def overwrite(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * (path.stat().st_size - start))


async def install_amcheck(engine: Database, *statements: str) -> None:
    """Install amcheck as a superuser."""
    async with engine.begin() as connection:
        if not await connection.scalar(text("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'")):
            pytest.skip("this PostgreSQL has no amcheck")
        for statement in ("CREATE EXTENSION amcheck", *statements):
            await connection.execute(text(statement))
