"""Complete exports: records that are missing from the files become inactive."""

from collections import defaultdict
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from db.connections.roles import Role
from db.registry.deactivation import deactivate, find_absent
from db.tables import locations, patients, staff_members, staff_roles
from db.transactions.all_organizations import reading_all, writing_all
from db.transactions.unit_of_work import Actor, unit_of_work_in
from resolvers.commands.registry import settle_rosters
from server.imports.options import ImportOptions
from server.imports.resource_types import ResourceType
from server.imports.summary import ImportSummary, MissingRecords
from server.runtime.clock import now

_ACTIVE: Final = {
    ResourceType.PRACTITIONER: staff_members.c.registry_active,
    ResourceType.PRACTITIONER_ROLE: staff_roles.c.active,
    ResourceType.LOCATION: locations.c.active,
    ResourceType.PATIENT: patients.c.active,
}


class FullExport:
    """Collects the ids in the files, and finds the stored records that are missing from them."""

    def __init__(self) -> None:
        """Start without ids."""
        self._present: defaultdict[ResourceType, set[str]] = defaultdict(set)
        self._deleted: defaultdict[ResourceType, set[str]] = defaultdict(set)

    def add(self, resource_type: ResourceType, id: str, *, deleted: bool = False) -> None:
        """Add a resource of the files, whether or not it could be imported."""
        (self._deleted if deleted else self._present)[resource_type].add(id)

    async def conclude(
        self, engine: AsyncEngine, options: ImportOptions, summary: ImportSummary, today: date, actor: Actor
    ) -> None:
        """Count the missing records of each type. Make them inactive if their number is the confirmed one.

        Types without a resource in the files do not change. Nothing changes if a part of the files is unreadable.

        Args:
            engine: The database.
            options: The options of the import.
            summary: Receives the numbers.
            today: The local date, which decides whether a role is current.
            actor: Who changes rosters.
        """
        missing: dict[ResourceType, list[str]] = {}
        async with (reading_all if options.confirm is None else writing_all)(engine, Role.OPERATOR) as connection:
            for resource_type, present in self._present.items():
                ids = present | self._deleted[resource_type]
                active, missing[resource_type] = await find_absent(
                    connection, options.organization_id, _ACTIVE[resource_type], ids
                )
                summary.missing_records[resource_type] = MissingRecords(
                    len(present), active, len(missing[resource_type])
                )
            if summary.unreadable or options.confirm is None or options.confirm != summary.missing:
                return
            for resource_type, missing_ids in missing.items():
                await deactivate(connection, options.organization_id, _ACTIVE[resource_type], missing_ids, today)
            async with unit_of_work_in(connection, actor, now, uuid7) as work:
                await settle_rosters(work, missing.get(ResourceType.PATIENT, ()))
        summary.deactivated = True
