"""A client of subscriptions over server-sent events that sees every byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from tests.support.api_client import bearer

CHANGES = """
subscription Changes($after: ID, $groups: [ID!]) {
  changes(after: $after, groupDefinitionIds: $groups) {
    id event at groupDefinitionId occurrenceId enrollmentId correlationId actorId
  }
}
"""
LARGE_CHANGES = CHANGES.replace("actorId", " ".join(f"{'x' * 2_000}{number}: event" for number in range(10)))
"""Each change takes 20 kB, so that a thousand of them fill the buffers of a connection."""
SECONDS = 20.0
"""How long a test waits for what must come."""


class EventStream:
    """An open stream. `comments` has the comments that were read."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments: list[str] = []
        self._lines = response.aiter_lines()

    async def event(self) -> tuple[str, Any] | None:
        """Return the next event and its data, or None at the end of the stream."""
        async with asyncio.timeout(SECONDS):
            name, data = "", ""
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments.append(line[1:].strip())
                elif line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    data = line[5:].strip()
                elif name:
                    return name, orjson.loads(data) if data else None
            return None

    async def change(self) -> dict[str, Any]:
        """Return the next change."""
        event = await self.event()
        assert event is not None, self.comments
        assert event[0] == "next", event
        assert "errors" not in event[1], event
        change: dict[str, Any] = event[1]["data"]["changes"]
        return change

    async def changes(self, count: int) -> list[dict[str, Any]]:
        return [await self.change() for _ in range(count)]

    async def opened(self) -> None:
        """Wait until the server has sent the first comment."""
        async with asyncio.timeout(SECONDS):
            async for line in self._lines:
                if line.startswith(":"):
                    return

    async def rest(self) -> list[tuple[str, Any]]:
        """Return the events up to the end of the stream."""
        events = []
        while (event := await self.event()) is not None:
            events.append(event)
        return events


@asynccontextmanager
async def subscribed(
    address: str,
    query: str = CHANGES,
    authorization: str | None = None,
    *,
    method: str = "POST",
    accept: str = "text/event-stream",
    **variables: Any,
) -> AsyncIterator[EventStream]:
    """Open a stream; by default as an administrator."""
    headers = {"Accept": accept, "Authorization": authorization or bearer()}
    body = {"query": query, "variables": variables}
    timeout = httpx.Timeout(SECONDS, read=None)
    async with httpx.AsyncClient(timeout=timeout, headers=headers) as http:
        url = f"{address}/graphql"
        if method == "GET":
            parameters = {"query": query, "variables": orjson.dumps(variables).decode()}
            request = http.stream("GET", url, params=parameters)
        else:
            request = http.stream("POST", url, json=body)
        async with request as response:
            yield EventStream(response)


async def errors_of(stream: EventStream) -> list[dict[str, Any]]:
    """Return the errors of a subscription that could not start."""
    [(name, body), last] = await stream.rest()
    assert (name, last[0]) == ("next", "complete")
    errors: list[dict[str, Any]] = body["errors"]
    return errors
