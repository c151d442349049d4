"""Prints who read patients' records, one JSON object a line."""

from typing import BinaryIO

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.queries.access_log import patients_read
from db.transactions.all_organizations import reading_all


async def print_reads(engine: AsyncEngine, out: BinaryIO, organization_id: str, patient_id: str | None) -> None:
    """Write the organization's log of reads, oldest first.

    Args:
        engine: The database.
        out: Where the lines go.
        organization_id: Whose log.
        patient_id: Only requests that read this patient's records, where given; a line then tells this id alone.
    """
    async with reading_all(engine, Role.OPERATOR) as connection:
        async for read in patients_read(connection, organization_id, patient_id):
            line = {
                "at": read.at,
                "user_id": read.actor_id,
                "client_address": read.client_address,
                "operation": read.operation,
                "correlation_id": read.correlation_id,
                "patient_ids": read.patient_ids if patient_id is None else [patient_id],
            }
            out.write(orjson.dumps(line) + b"\n")
    out.flush()
