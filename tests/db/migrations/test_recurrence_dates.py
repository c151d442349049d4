"""Migrating records which day of the recurrence each earlier session was made for, and whether it was edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, insert, select
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.tables import audit_log, group_definitions, occurrences, outbox, staff_members
from db.transactions.all_organizations import reading_all
from domain.wall_time import instant
from tests.support.clinic import NOW, OURS
from tests.support.invariants import assert_invariants
from tests.support.old_schema import migrate_to

pytestmark = pytest.mark.anyio

ZONE = "America/Phoenix"
NINE, TEN, NOON = time(9), time(10), time(12)
MON, WED, FRI = date(2026, 11, 30), date(2026, 12, 2), date(2026, 12, 4)
HISTORY_FIELDS = (
    *("id", "group_definition_id", "session_date", "start_time", "end_time", "time_zone", "starts_at", "ends_at"),
    *("facilitator_id", "status", "cancellation_reason", "cancelled_at"),
)
EVENTS = {name: f"pm_group_session_{name}" for name in ("scheduled", "rescheduled", "cancelled")}


def as_text(value: object) -> str | None:
    return value.isoformat() if isinstance(value, date | time) else None if value is None else str(value)


@dataclass(eq=False)
class OldSession:
    """A session as the last release stored it: its row, and the rows of its history and events."""

    values: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def scheduled(cls, group: UUID, day: date, start: time = NINE) -> "OldSession":
        values = {
            "id": uuid7(),
            "organization_id": OURS,
            "group_definition_id": group,
            "facilitator_id": "staff",
            "status": "SCHEDULED",
            "cancellation_reason": None,
            "cancelled_at": None,
            "version": 0,
            "created_at": NOW,
            "updated_at": NOW,
        }
        session = cls({**values, **dict.fromkeys(("session_date", "start_time", "end_time", "starts_at", "ends_at"))})
        session.values["time_zone"] = ZONE
        before = dict.fromkeys(HISTORY_FIELDS)
        session.place(day, start)
        session.record("scheduled", before)
        return session

    def place(self, day: date, start: time) -> None:
        end = time(start.hour + 1)
        self.values |= {"session_date": day, "start_time": start, "end_time": end}
        self.values |= {"starts_at": instant(day, start, ZONE), "ends_at": instant(day, end, ZONE)}

    def moved(self, day: date, start: time = NINE) -> "OldSession":
        before = dict(self.values)
        self.place(day, start)
        return self.record("rescheduled", before)

    def substituted(self) -> "OldSession":
        before = dict(self.values)
        self.values["facilitator_id"] = "substitute"
        return self.record("updated", before)

    def cancelled(self) -> "OldSession":
        before = dict(self.values)
        self.values |= {"status": "CANCELLED", "cancellation_reason": "snow", "cancelled_at": NOW}
        return self.record("cancelled", before)

    def completed(self) -> "OldSession":
        before = dict(self.values)
        self.values["status"] = "COMPLETED"
        return self.record("completed", before)

    def record(self, action: str, before: Mapping[str, Any]) -> "OldSession":
        self.values["version"] += 1
        changes = [
            {"field": name, "before": as_text(before[name]), "after": as_text(self.values[name])}
            for name in HISTORY_FIELDS
            if before[name] != self.values[name]
        ]
        entry = {"organization_id": OURS, "at": NOW, "actor_id": "nurse", "correlation_id": "old"}
        self.history.append(
            {
                "id": uuid7(),
                "entity_type": "occurrence",
                "entity_id": self.values["id"],
                "action": action,
                "changes": changes,
                **entry,
            }
        )
        if action in EVENTS:
            self.events.append(self._event(EVENTS[action]))
        return self

    def _event(self, name: str) -> dict[str, Any]:
        event_id, group = uuid7(), self.values["group_definition_id"]
        payload = {"schedule_id": str(self.values["id"]), "group_definition_id": str(group)}
        metadata = {"organization_id": OURS, "correlation_id": "old"}
        return {
            "id": event_id,
            "organization_id": OURS,
            "group_definition_id": group,
            "event": name,
            "created_at": NOW,
            "transaction_id": 1,
            "envelope": {"id": str(event_id), "event": name, "payload": payload, "metadata": metadata},
        }


async def store(engine: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(table), rows)


async def store_group(engine: Database, **values: Any) -> UUID:
    """Store a group that meets on Mondays, Wednesdays and Fridays at nine, and its history."""
    group = uuid7()
    recurrence = {"rule": "FREQ=WEEKLY;BYDAY=MO,WE,FR", "start_date": date(2026, 11, 2), "start_time": NINE}
    facts = {
        "id": group,
        "name": "A",
        "group_type": "THERAPY",
        "facilitator_id": "staff",
        "time_zone": ZONE,
        "max_capacity": 8,
        "duration_minutes": 60,
        **{f"recurrence_{name}": value for name, value in recurrence.items()},
        **values,
    }
    own = {"organization_id": OURS, "version": 1, "created_at": NOW, "updated_at": NOW, "changed_at": NOW}
    await store(engine, group_definitions, [{**facts, **own, "search_text": "a", "recurrence_excluded_dates": []}])
    changes = [{"field": name, "before": None, "after": as_text(value)} for name, value in facts.items()]
    entry = {"entity_type": "group_definition", "entity_id": group, "action": "created", "changes": changes}
    who = {"organization_id": OURS, "at": NOW, "actor_id": "nurse", "correlation_id": "old"}
    await store(engine, audit_log, [{"id": uuid7(), **entry, **who}])
    return group


async def store_sessions(engine: Database, sessions: list[OldSession]) -> None:
    await store(engine, occurrences, [session.values for session in sessions])
    await store(engine, audit_log, [entry for session in sessions for entry in session.history])
    await store(engine, outbox, [event for session in sessions for event in session.events])


async def test_earlier_sessions_know_their_slot_and_whether_they_were_edited(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    await migrate_to(engine, "0018")
    staff = {"organization_id": OURS, "active": True, "search_text": "a", "display_name": "A"}
    await store(engine, staff_members, [{**staff, "id": id_} for id_ in ("staff", "substitute")])
    group = await store_group(engine)
    late = await store_group(engine, recurrence_start_time=NOON)
    plain = OldSession.scheduled(group, MON)
    moved = OldSession.scheduled(group, WED).moved(WED + timedelta(days=1))
    made_again = OldSession.scheduled(group, WED)
    only_moved = OldSession.scheduled(group, WED + timedelta(days=7)).moved(WED + timedelta(days=8))
    cancelled = OldSession.scheduled(group, FRI).cancelled()
    again_by_hand = OldSession.scheduled(group, FRI)
    completed = OldSession.scheduled(group, MON + timedelta(days=7)).completed()
    substituted = OldSession.scheduled(group, FRI + timedelta(days=7)).substituted()
    added = OldSession.scheduled(group, MON, TEN)
    added_and_moved = OldSession.scheduled(group, WED, TEN).moved(WED, NOON)
    of_an_earlier_time = OldSession.scheduled(late, MON)
    expected = {
        plain: (MON, False),
        moved: (None, True),
        made_again: (WED, False),
        only_moved: (WED + timedelta(days=7), True),
        cancelled: (FRI, True),
        again_by_hand: (FRI, False),
        completed: (MON + timedelta(days=7), False),
        substituted: (FRI + timedelta(days=7), True),
        added: (None, False),
        added_and_moved: (None, True),
        of_an_earlier_time: (None, False),
    }
    await store_sessions(engine, list(expected))
    await migrate(engine)
    async with reading_all(engine, Role.OPERATOR) as connection:
        rows = (await connection.execute(select(occurrences))).all()
        entries = (await connection.execute(select(audit_log).order_by(audit_log.c.id))).all()
    stored = {row.id: (row.recurrence_date, row.edited, row.version) for row in rows}
    assert stored == {
        session.values["id"]: (*values, session.values["version"]) for session, values in expected.items()
    }
    recorded = {entry.entity_id: entry for entry in entries if entry.action == "recurrence_date_recorded"}
    assert recorded.keys() == {session.values["id"] for session, values in expected.items() if any(values)}
    entry = recorded[only_moved.values["id"]]
    assert (entry.actor_id, entry.correlation_id) == ("group-sessions migrate", "migration-0019")
    assert entry.changes == [
        {"field": "recurrence_date", "before": None, "after": "2026-12-09"},
        {"field": "edited", "before": None, "after": "true"},
    ]
    await assert_invariants(engine)
    await engine.dispose()
