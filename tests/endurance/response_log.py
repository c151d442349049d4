"""Compares the responses that a client received with the history in the database."""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import select

from db.connections.engine import Database
from db.tables import audit_log
from tests.endurance.mutations import MOVE, MutationResponse, SentMutation

History = dict[str, list[tuple[str, str]]]


async def history_by_request(engine: Database, organization: str) -> History:
    """Return the history entries (id of the record, action) of each request, by the request's id."""
    query = select(audit_log.c.correlation_id, audit_log.c.entity_id, audit_log.c.action).where(
        audit_log.c.organization_id == organization
    )
    entries: History = defaultdict(list)
    async with engine.connect() as connection:
        for request_id, entity_id, action in await connection.execute(query):
            entries[request_id].append((str(entity_id), action))
    return entries


@dataclass(slots=True)
class ResponseLog:
    """The requests that were sent, each with its last response."""

    responses: dict[str, tuple[SentMutation, MutationResponse | None]] = field(default_factory=dict)

    def add(self, mutation: SentMutation, response: MutationResponse | None) -> None:
        """Record the outcome of a request. A missing response does not replace an earlier one."""
        earlier = self.responses.get(mutation.request_id)
        if earlier is not None and earlier[1] is not None and response is None:
            return
        self.responses[mutation.request_id] = (mutation, response)

    def response_to(self, mutation: SentMutation) -> MutationResponse | None:
        """Return the response to a request that was sent; None if there was none."""
        return self.responses[mutation.request_id][1]

    @property
    def accepted(self) -> int:
        """The number of accepted changes."""
        return sum(response is not None and response.accepted for _, response in self.responses.values())

    def assert_consistent(self, history: History) -> None:
        """Assert that accepted requests were executed once, refused ones never, and all others at most once."""
        for request_id, (mutation, response) in self.responses.items():
            entries = history.get(request_id, [])
            changed = sorted(record for record, action in entries if action in mutation.type.actions)
            if response is None:
                _assert_complete(mutation, entries, changed)
            elif not response.accepted:
                assert entries == [], f"{mutation.type.name} was refused and has the history {entries}"
            else:
                _assert_once(mutation, response, changed)


def _assert_once(mutation: SentMutation, response: MutationResponse, changed: list[str]) -> None:
    assert response.payload is not None
    records = sorted(record["id"] for record in mutation.type.records(response.payload))
    if mutation.type is MOVE:  # renumbered enrollments have the same action as the moved one
        changed = [record for record in changed if record in records]
    if changed or mutation.type.always_changes:
        assert changed == records, f"{mutation.type.name} returned {records} and changed {changed}"


def _assert_complete(mutation: SentMutation, entries: list[tuple[str, str]], changed: list[str]) -> None:
    if entries:
        assert changed, f"{mutation.type.name} has only consequences in the history: {entries}"
        assert len(entries) == len(set(entries)), f"{mutation.type.name} was executed twice: {entries}"
