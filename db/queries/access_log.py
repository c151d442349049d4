"""The access log: who read which patients' records (HIPAA, 45 CFR 164.312(b)). Rows are only added."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from db.tables import access_log

_columns = access_log.c


@dataclass(frozen=True, slots=True)
class PatientsRead:
    """One request that read patients' records: when, by whom, from where, by which operation, and which patients."""

    at: datetime
    actor_id: str
    correlation_id: str
    client_address: str | None
    operation: str | None
    patient_ids: tuple[str, ...]


async def patients_read(
    connection: AsyncConnection, organization_id: str, patient_id: str | None
) -> AsyncIterator[PatientsRead]:
    """Return the log of an organization, oldest first; only the requests that read one patient's records if given."""
    query = select(access_log).where(_columns.organization_id == organization_id).order_by(_columns.at, _columns.id)
    if patient_id is not None:
        query = query.where(_contains(connection.dialect.name, patient_id))
    async with connection.stream(query) as rows:
        async for row in rows:
            yield PatientsRead(
                row.at, row.actor_id, row.correlation_id, row.client_address, row.operation, tuple(row.patient_ids)
            )


def _contains(dialect: str, patient_id: str) -> ColumnElement[bool]:
    if dialect == "postgresql":
        has_key: ColumnElement[bool] = cast(_columns.patient_ids, JSONB).has_key(patient_id)
        return has_key
    ids = func.json_each(_columns.patient_ids).table_valued("value")
    return select(ids.c.value).where(cast(ids.c.value, String) == patient_id).exists()
