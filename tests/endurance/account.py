"""A client's account of what it was answered, held against the history of the database."""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import select

from db.connections.engine import Database
from db.tables import audit_log
from tests.endurance.mutations import MOVE, Answer, Mutation

History = dict[str, list[tuple[str, str]]]


async def history_by_request(engine: Database, organization: str) -> History:
    """Gives the entries (id of the record, action) that each request left, by the request's id."""
    query = select(audit_log.c.correlation_id, audit_log.c.entity_id, audit_log.c.action).where(
        audit_log.c.organization_id == organization
    )
    left: History = defaultdict(list)
    async with engine.connect() as connection:
        for request_id, entity_id, action in await connection.execute(query):
            left[request_id].append((str(entity_id), action))
    return left


@dataclass(slots=True)
class Account:
    """What was sent, and the last answer to each of it."""

    answers: dict[str, tuple[Mutation, Answer | None]] = field(default_factory=dict)

    def note(self, mutation: Mutation, answer: Answer | None) -> None:
        """Keeps what came of a request. What was answered once stays answered."""
        held = self.answers.get(mutation.request_id)
        if held is not None and held[1] is not None and answer is None:
            return
        self.answers[mutation.request_id] = (mutation, answer)

    def answer_to(self, mutation: Mutation) -> Answer | None:
        """Gives the answer to a request that was sent; None where none came."""
        return self.answers[mutation.request_id][1]

    @property
    def accepted(self) -> int:
        """How many changes the client was told are made."""
        return sum(answer is not None and answer.accepted for _, answer in self.answers.values())

    def assert_kept(self, history: History) -> None:
        """Asserts that what was accepted was done once, what was refused not at all, and the rest not twice."""
        for request_id, (mutation, answer) in self.answers.items():
            left = history.get(request_id, [])
            asked_for = sorted(record for record, action in left if action in mutation.kind.actions)
            if answer is None:
                _assert_whole(mutation, left, asked_for)
            elif not answer.accepted:
                assert left == [], f"{mutation.kind.name} was refused and left {left}"
            else:
                _assert_once(mutation, answer, asked_for)


def _assert_once(mutation: Mutation, answer: Answer, asked_for: list[str]) -> None:
    assert answer.payload is not None
    told = answer.payload[mutation.kind.answers]
    records = sorted(record["id"] for record in (told if isinstance(told, list) else [told]))
    if mutation.kind is MOVE:  # places that move up are called as the one that was moved
        asked_for = [record for record in asked_for if record in records]
    if asked_for or mutation.kind.always:
        assert asked_for == records, f"{mutation.kind.name} told {records} and left {asked_for}"


def _assert_whole(mutation: Mutation, left: list[tuple[str, str]], asked_for: list[str]) -> None:
    if left:
        assert asked_for, f"{mutation.kind.name} left only what follows from it: {left}"
        assert len(left) == len(set(left)), f"{mutation.kind.name} was made twice: {left}"
