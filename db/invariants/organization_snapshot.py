"""The rows of one organization that the invariant checks read, in one snapshot of the database."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from db.invariants.violations import Invariant, Violation

_BATCH_SIZE: Final = 500


@dataclass(frozen=True, slots=True)
class OrganizationSnapshot:
    """One organization's rows, on a connection that reads a single snapshot."""

    connection: AsyncConnection
    organization_id: str

    async def stream(self, query: Executable, parameters: Mapping[str, Any] | None = None) -> AsyncIterator[Any]:
        """Yield the rows of a query. Only a batch of them is in memory at a time."""
        async for row in await self.connection.stream(query, parameters, execution_options={"yield_per": _BATCH_SIZE}):
            yield row

    def violation(self, invariant: Invariant, ids: Mapping[str, object], *fields: str) -> Violation:
        """Return a violation of the organization. The ids are by the kinds of the records."""
        named = tuple((kind, str(record_id)) for kind, record_id in ids.items())
        return Violation(invariant, self.organization_id, named, fields)
