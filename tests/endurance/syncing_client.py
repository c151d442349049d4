"""A reporting tool that copies groups, sessions and enrollments, and then only what has changed."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

OVERLAP: Final = timedelta(seconds=2)
"""How far each pass goes back. A test's transactions are short, and its servers have one clock."""
_GROUP: Final = (
    "id name groupType facilitator { id } coFacilitator { id } location { id } timeZone maxCapacity minCapacity"
    " durationMinutes countsToward recurrence { rule startDate startTime excludedDates }"
    " version createdAt updatedAt deletedAt"
)
_SESSION: Final = (
    "id groupDefinition { id } sessionDate startTime endTime timeZone startsAt endsAt facilitator { id }"
    " coFacilitator { id } location { id } status cancellationReason cancelledAt recurrenceDate edited"
    " version createdAt updatedAt"
)
_ENROLLMENT: Final = (
    "id groupDefinition { id } patient { id } status waitlistPosition waitlistedAt enrolledAt promotedAt disenrolledAt"
    " disenrollmentReason startDate endDate countsFromStart version createdAt updatedAt deletedAt"
)
_LISTS: Final = {
    "groupDefinitions": ("includeDeleted: true", _GROUP),
    "occurrences": ("", _SESSION),
    "enrollments": ("includeRemoved: true", _ENROLLMENT),
}
Row = dict[str, Any]


@dataclass
class SyncingClient:
    """A client with a copy of an organization's records, by list and id.

    Attributes:
        page_size: How many records to read with a request.
        counts: The number of passes and of records read.
    """

    http: httpx.AsyncClient
    addresses: list[str]
    authorization: str
    page_size: int = 7
    copy: dict[str, dict[str, Row]] = field(default_factory=lambda: {name: {} for name in _LISTS})
    counts: Counter[str] = field(default_factory=Counter)

    async def sync(self) -> None:
        """Read what has changed since the last time, and some time before."""
        for name, records in self.copy.items():
            read: set[tuple[str, str]] = set()
            latest = max((datetime.fromisoformat(row["updatedAt"]) for row in records.values()), default=None)
            since = None if latest is None else (latest - OVERLAP).isoformat()
            for row in await self._read(name, since):
                state = row["id"], row["updatedAt"]
                assert state not in read, "a record that has not changed is listed twice"
                read.add(state)
                records[row["id"]] = row
        self.counts["passes"] += 1

    async def sync_until(self, done: "asyncio.Future[Any]") -> None:
        """Read what has changed until a future is done, and once more."""
        while not done.done():
            await self.sync()
        await self.sync()

    async def read_all(self) -> dict[str, dict[str, Row]]:
        """Return all records as they are now."""
        return {name: {row["id"]: row for row in await self._read(name, None)} for name in _LISTS}

    async def _read(self, name: str, since: str | None) -> list[Row]:
        """Read all pages of a list in the order of changes, each from another server."""
        filters, fields = _LISTS[name]
        query = f"""query ($since: DateTime, $first: Int!, $after: String) {{
          {name}(filter: {{{filters} updatedSince: $since}}, orderBy: UPDATED_AT_ASC, first: $first, after: $after) {{
            nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        rows: list[Row] = []
        after = None
        while True:
            page = (await self._post(query, {"since": since, "first": self.page_size, "after": after}))[name]
            rows += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                self.counts["records"] += len(rows)
                return rows
            after = page["pageInfo"]["endCursor"]

    async def _post(self, query: str, variables: dict[str, Any]) -> Row:
        while True:
            self.addresses.append(self.addresses.pop(0))
            response = await self.http.post(
                f"{self.addresses[0]}/graphql",
                json={"query": query, "variables": variables},
                headers={"Authorization": self.authorization},
            )
            body = response.json()
            codes = [error["extensions"]["code"] for error in body.get("errors", ())]
            if not codes:
                data: Row = body["data"]
                return data
            assert codes == ["BUSY"], body
