"""The command `reads`: prints who read patients' records, one JSON object per line."""

from typing import BinaryIO

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.queries.access_log import patients_read
from db.transactions.all_organizations import reading_all


async def print_reads(engine: AsyncEngine, out: BinaryIO, organization_id: str, patient_id: str | None) -> None:
    """Write the access log of an organization, oldest entry first.

    Args:
        engine: The database.
        out: Receives the lines.
        organization_id: The organization.
        patient_id: If set, only requests that read this patient's records; `patient_ids` then lists only this patient.
    """
    async with reading_all(engine, Role.OPERATOR) as connection:
        async for entry in patients_read(connection, organization_id, patient_id):
            line = {
                "at": entry.at,
                "user_id": entry.actor_id,
                "client_address": entry.client_address,
                "operation": entry.operation,
                "correlation_id": entry.correlation_id,
                "patient_ids": entry.patient_ids if patient_id is None else [patient_id],
            }
            out.write(orjson.dumps(line) + b"\n")
    out.flush()
