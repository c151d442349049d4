"""Complete exports: what the registry no longer holds is no longer active."""

from collections import defaultdict
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.registry.deactivation import deactivate, find_absent
from db.tables import locations, patients, staff_members, staff_roles
from db.transactions.all_organizations import reading_all, writing_all
from server.fhir.kinds import Kind
from server.fhir.options import ImportOptions
from server.fhir.summary import Absence, ImportSummary

_ACTIVE: Final = {
    Kind.PRACTITIONER: staff_members.c.registry_active,
    Kind.PRACTITIONER_ROLE: staff_roles.c.active,
    Kind.LOCATION: locations.c.active,
    Kind.PATIENT: patients.c.active,
}


class FullExport:
    """The ids that the files hold, and what follows of it for those that they lack."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._present: defaultdict[Kind, set[str]] = defaultdict(set)
        self._deleted: defaultdict[Kind, set[str]] = defaultdict(set)

    def add(self, kind: Kind, id: str, *, deleted: bool = False) -> None:
        """Add a resource of the files, whatever came of it."""
        (self._deleted if deleted else self._present)[kind].add(id)

    async def conclude(self, engine: AsyncEngine, options: ImportOptions, summary: ImportSummary, today: date) -> None:
        """Count what the files lack, by type; make it inactive if just as much was confirmed.

        Types that the files hold nothing of are left alone, and everything is where something could not be read.
        """
        absent: dict[Kind, list[str]] = {}
        async with (reading_all if options.confirm is None else writing_all)(engine, Role.OPERATOR) as connection:
            for kind, present in self._present.items():
                known = present | self._deleted[kind]
                active, absent[kind] = await find_absent(connection, options.organization_id, _ACTIVE[kind], known)
                summary.absences[kind] = Absence(len(present), active, len(absent[kind]))
            if summary.unread or options.confirm is None or options.confirm != summary.absent:
                return
            for kind, ids in absent.items():
                await deactivate(connection, options.organization_id, _ACTIVE[kind], ids, today)
        summary.deactivated = True
