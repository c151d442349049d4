"""Missing parts of the catalog, for example after a dump was restored, are found and repaired."""

import pytest
from sqlalchemy import func, select, text

from db.connections.engine import Database
from db.migrations.catalog import missing_from_catalog
from db.migrations.catalog_repair import repair_catalog, suspend_row_security
from db.migrations.migrate import migrate
from db.tables import patient_endings, patients
from tests.support.clinic import OURS, seed
from tests.support.databases import administer, operator_of

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])

_ENDINGS = "pm_group_patient_endings"


async def test_a_migrated_catalog_is_complete(engine: Database) -> None:
    assert await missing_from_catalog(engine) == []
    assert (await migrate(operator_of(engine))).repaired == ()


DAMAGE = {
    "function pm_group_confined(text)": "DROP FUNCTION pm_group_confined",
    f"function {_ENDINGS}_keep()": (
        f"CREATE OR REPLACE FUNCTION {_ENDINGS}_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    ),
    "function pm_group_audit_log_refuses()": "ALTER FUNCTION pm_group_audit_log_refuses() SECURITY DEFINER",
    "trigger pm_group_audit_log_refuses_changes": "ALTER TABLE pm_group_audit_log DISABLE TRIGGER USER",
    "trigger pm_group_access_log_refuses_changes": (
        "DROP TRIGGER pm_group_access_log_refuses_changes ON pm_group_access_log"
    ),
    f"trigger {_ENDINGS}_after_update": f"DROP TRIGGER {_ENDINGS}_after_update ON pm_group_patients",
    "policy pm_group_patients_of_organization": (
        "ALTER POLICY pm_group_patients_of_organization ON pm_group_patients USING (true)"
    ),
    "policy pm_group_outbox_of_background": "DROP POLICY pm_group_outbox_of_background ON pm_group_outbox",
    "policy pm_group_outbox_of_operators": "ALTER POLICY pm_group_outbox_of_operators ON pm_group_outbox TO PUBLIC",
    "row-level security of pm_group_definitions": "ALTER TABLE pm_group_definitions DISABLE ROW LEVEL SECURITY",
    "row-level security of pm_group_schedule": "ALTER TABLE pm_group_schedule NO FORCE ROW LEVEL SECURITY",
    "SELECT on pm_group_patients for pm_group_server": "REVOKE SELECT ON pm_group_patients FROM pm_group_server",
    "UPDATE (transaction_id) on pm_group_outbox for pm_group_background": (
        "REVOKE UPDATE (transaction_id) ON pm_group_outbox FROM pm_group_background"
    ),
    "USAGE on the sequence of pm_group_outbox for pm_group_server": (
        "REVOKE USAGE ON SEQUENCE pm_group_outbox_sequence_seq FROM pm_group_server"
    ),
    "only declared privileges on pm_group_audit_log for pm_group_server": (
        "GRANT DELETE ON pm_group_audit_log TO PUBLIC"
    ),
    "only declared privileges on pm_group_access_log for pm_group_server": (
        "GRANT UPDATE (operation) ON pm_group_access_log TO pm_group_server"
    ),
    "only declared privileges on pm_group_outbox for pm_group_background": (
        "GRANT UPDATE (envelope) ON pm_group_outbox TO pm_group_background"
    ),
    "only declared policies on pm_group_patients": "CREATE POLICY open ON pm_group_patients USING (true)",
    "only declared policies on pm_group_schedule": (
        "CREATE POLICY own ON pm_group_schedule TO clinic_server USING (true)"
    ),
    "only declared policies on pm_group_locations": (
        "CREATE POLICY hidden ON pm_group_locations AS RESTRICTIVE TO pm_group_server USING (false)"
    ),
    "policy pm_group_schedule_of_organization": (
        "ALTER POLICY pm_group_schedule_of_organization ON pm_group_schedule"
        " USING (organization_id >= (SELECT current_setting('group_sessions.organization_id', true)))"
    ),
    f"trigger {_ENDINGS}_after_insert": (
        f"CREATE OR REPLACE TRIGGER {_ENDINGS}_after_insert AFTER INSERT ON pm_group_patients REFERENCING NEW TABLE AS"
        f" new_rows FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION {_ENDINGS}_keep()"
    ),
}


@on_postgresql
@pytest.mark.parametrize("name", DAMAGE)
async def test_each_missing_requirement_is_found_and_repaired(
    database_kind: str, administrator_url: str, engine: Database, name: str
) -> None:
    await administer(administrator_url, DAMAGE[name])
    assert name in [requirement.name for requirement in await missing_from_catalog(engine)]
    assert name in (await migrate(operator_of(engine))).repaired
    assert await missing_from_catalog(engine) == []


@on_postgresql
async def test_policies_for_other_logins_stay(database_kind: str, administrator_url: str, engine: Database) -> None:
    await administer(administrator_url, "CREATE POLICY reports ON pm_group_patients TO pg_monitor USING (true)")
    assert await missing_from_catalog(engine) == []


@on_sqlite
async def test_a_missing_or_changed_trigger_of_sqlite_is_repaired(database_kind: str, engine: Database) -> None:
    refuses = "pm_group_audit_log_refuses_update"
    changed = f"CREATE TRIGGER {refuses} BEFORE UPDATE ON pm_group_audit_log BEGIN SELECT 1; END"
    for damage in ([f"DROP TRIGGER {refuses}"], [f"DROP TRIGGER {refuses}", changed]):
        async with engine.begin() as connection:
            for statement in damage:
                await connection.execute(text(statement))
        assert [requirement.name for requirement in await missing_from_catalog(engine)] == [f"trigger {refuses}"]
        assert (await migrate(engine)).repaired == (f"trigger {refuses}",)
        assert await missing_from_catalog(engine) == []


async def test_repairing_a_trigger_adds_the_missing_endings(engine: Database, database_kind: str) -> None:
    of_table = " ON pm_group_patients" if database_kind == "postgresql" else ""
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP TRIGGER {_ENDINGS}_after_insert{of_table}"))
    await seed(engine, OURS)
    await migrate(operator_of(engine))
    async with engine.connect() as connection:
        with_endings = await connection.scalar(select(func.count(patient_endings.c.patient_id.distinct())))
        assert with_endings == await connection.scalar(select(func.count()).select_from(patients)) != 0


@on_postgresql
async def test_the_owner_sees_all_rows_only_while_it_migrates(database_kind: str, engine: Database) -> None:
    await seed(engine, OURS)
    everybody = select(func.count()).select_from(patients)
    async with operator_of(engine).connect() as connection:
        assert await connection.scalar(everybody) == 0
        await connection.run_sync(suspend_row_security)
        assert await connection.scalar(everybody) != 0
        await connection.run_sync(repair_catalog)
        assert await connection.scalar(everybody) == 0
