"""A clinic whose stored data is marked with its kind, so that a test recognizes the data in a response.

`KINDS` lists the marks of each kind, and the keys that may read it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from db.connections.engine import Database
from db.tables import audit_log, locations, patients, staff_members
from domain.closures import ClosureDraft
from domain.groups import GroupDraft
from domain.records import GroupDefinition, GroupType
from domain.recurrence_input import RecurrenceDraft
from domain.search_text import search_text
from resolvers.caller import Caller, PermissionKey
from resolvers.commands.calendar_feeds import FeedSubject, create_calendar_feed
from resolvers.commands.closures import create_closure, update_closure
from resolvers.commands.enrollments import disenroll_patient, enroll_patient
from resolvers.commands.groups import create_group, delete_group, update_group_definition
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, update_occurrence
from resolvers.context import Context
from tests.support.clinic import clinic

_KEYS = frozenset(PermissionKey)
_GROUPS = frozenset(key for key in PermissionKey if ".group_definitions." in key)
_SCHEDULE = frozenset(key for key in PermissionKey if ".group_schedule." in key)
_DAY = date(2033, 7, 4)
_CLOSED = date(2033, 8, 1)
WAITLIST_LIMIT = 3
"""The clinic's waitlist limit: one more than the patients who wait for each group at first."""
OWNER = "caller-1"
"""Who has the calendar feeds."""
INACTIVE = 8
"""The number of the inactive patient."""


@dataclass(frozen=True)
class Kind:
    """A kind of stored data: how to recognize it in a response, and the keys that open it."""

    marks: re.Pattern[str]
    opened_by: frozenset[PermissionKey]


def _kind(marks: str, opened_by: Iterable[PermissionKey]) -> Kind:
    return Kind(re.compile(marks), frozenset(opened_by))


# A mutation returns the record that its key lets it change, with its staff and places. A new closure names sessions.
# The marks of dates start at a word boundary, because ids hold their time: 01a22033-08c1-7... is no date in 2033-08.
KINDS: Mapping[str, Kind] = {
    "patient": _kind(r"patient-(name|number|id)|\b1931-03", {PermissionKey.GROUP_ENROLLMENTS_VIEW}),
    "history of enrollments": _kind("enrollment-actor", {PermissionKey.GROUP_ENROLLMENTS_VIEW}),
    "past enrollment": _kind(
        "enrollment-reason", {PermissionKey.GROUP_ENROLLMENTS_VIEW, PermissionKey.GROUP_ENROLLMENTS_DELETE}
    ),
    "group": _kind("group-(name|former|actor)", _GROUPS - {PermissionKey.GROUP_DEFINITIONS_CREATE}),
    "session": _kind(r"session-(reason|actor)|\b2033-07", _SCHEDULE),
    # The history of an enrollment names the staff who changed it.
    "staff": _kind("staff-(name|credentials)", _GROUPS | _SCHEDULE | {PermissionKey.GROUP_ENROLLMENTS_VIEW}),
    "location": _kind("(site|room)-name", _GROUPS | _SCHEDULE),
    # Generating sessions names the closed days.
    "closure": _kind(r"closure-(name|former)|\b2033-08", _SCHEDULE - {PermissionKey.GROUP_SCHEDULE_DELETE}),
}


def kinds_in(response: str) -> set[str]:
    """Return the kinds of stored data in a response."""
    return {name for name, kind in KINDS.items() if kind.marks.search(response)}


def kinds_opened_by(key: PermissionKey) -> set[str]:
    """Return the kinds of stored data that a single key opens."""
    return {name for name, kind in KINDS.items() if key in kind.opened_by}


@dataclass(frozen=True)
class Group:
    """A group with two seats, both taken. Two patients wait, and one is disenrolled.

    Attributes:
        id: The id of the group.
        seated: The id of an enrollment with a seat.
        next: The id of the first enrollment in the waitlist.
        waiting: The id of the last enrollment in the waitlist.
        past: The id of the enrollment that ended.
        session: The id of a scheduled session.
        cancelled: The id of a cancelled session.
        deleted: The id of a deleted group with a free seat, in which a patient waits.
        closure: The id of a closure.
        other: The id of a group without patients.
        feed: The id of a calendar feed of `OWNER`.
        changes: The ids of the latest history entries of the group, of the session, of the past enrollment and of the
            closure.
    """

    id: str
    seated: str
    next: str
    waiting: str
    past: str
    session: str
    cancelled: str
    deleted: str
    closure: str
    other: str
    feed: str
    changes: tuple[str, ...] = ()


class MarkedClinic:
    """One organization with marked data."""

    def __init__(self, engine: Database, organization: str) -> None:
        self.organization = organization
        self._engine = engine
        self._groups = 0

    @classmethod
    async def seeded(cls, engine: Database, organization: str) -> "MarkedClinic":
        """Return a clinic with staff, places and patients."""
        clinic = cls(engine, organization)
        await clinic._seed()
        return clinic

    async def _seed(self) -> None:
        person = {"organization_id": self.organization, "active": True}
        staff = [
            {**person, "id": f"s{n}", "display_name": f"staff-name-{n}", "credentials": "staff-credentials"}
            for n in (1, 2)
        ]
        people = [
            {
                **person,
                "id": f"patient-id-{n}",
                "display_name": f"patient-name-{n}",
                "medical_record_number": f"patient-number-{n}",
                "birth_date": date(1931, 3, n),
                "active": n != INACTIVE,
            }
            for n in range(1, INACTIVE + 1)
        ]
        place = {"organization_id": self.organization, "id": "l1", "site": "site-name", "room": "room-name"}
        async with self._engine.begin() as connection:
            for table, rows in ((staff_members, staff), (patients, people)):
                named = [{**row, "search_text": search_text(str(row["display_name"]))} for row in rows]
                await connection.execute(insert(table), named)
            await connection.execute(
                insert(locations).values(**place, search_text="site-name", time_zone="America/Phoenix")
            )

    async def add_group(self) -> Group:
        """Add a group with enrollments and sessions in every state."""
        self._groups += 1
        as_planner = self._context("group-actor")
        group = await create_group(as_planner, self.draft(f"group-former-{self._groups}"))
        await update_group_definition(as_planner, str(group.id), {"name": f"group-name-{self._groups}"})
        as_nurse = self._context("enrollment-actor")
        enrolled = [(await enroll_patient(as_nurse, str(group.id), f"patient-id-{n}")).enrollment for n in range(1, 6)]
        await disenroll_patient(self._context("s2"), str(enrolled[0].id), "enrollment-reason")
        session, cancelled = await self._sessions(group)
        past, seated, _, first, waiting = (str(enrollment.id) for enrollment in enrolled)
        deleted = await self._add_deleted_group()
        closure = await self._closure()
        changes = [await self._last_change(id_) for id_ in (str(group.id), session, past, closure)]
        other = str((await create_group(as_planner, self.draft("group-name-other"))).id)
        feed = str((await create_calendar_feed(self._context(OWNER), FeedSubject("s1", None, None))).feed.id)
        return Group(
            *(str(group.id), seated, first, waiting, past, session, cancelled, deleted, closure, other, feed),
            tuple(changes),
        )

    async def _add_deleted_group(self) -> str:
        group = str((await create_group(self._context("group-actor"), self.draft("group-name-deleted"))).id)
        as_nurse = self._context("enrollment-actor")
        enrolled = [(await enroll_patient(as_nurse, group, f"patient-id-{n}")).enrollment for n in range(1, 4)]
        await delete_group(self._context("group-actor"), group)
        await disenroll_patient(as_nurse, str(enrolled[0].id))
        return group

    async def _last_change(self, entity_id: str) -> str:
        entries = select(audit_log.c.id).where(audit_log.c.entity_id == UUID(entity_id))
        async with self._engine.connect() as connection:
            return str(await connection.scalar(entries.order_by(audit_log.c.id.desc()).limit(1)))

    def draft(self, name: str) -> GroupDraft:
        """Return a draft of a group with a valid value in every field."""
        return GroupDraft(
            name=name,
            group_type=GroupType.IOP,
            facilitator_id="s1",
            co_facilitator_id="s2",
            location_id="l1",
            max_capacity=2,
            min_capacity=1,
            duration_minutes=5,
            recurrence=RecurrenceDraft("FREQ=DAILY", date(2030, 1, 1), self._start(0), (date(2030, 1, 2),)),
        )

    def _start(self, hour: int) -> time:
        """Return when the latest group meets. Few groups meet at once, so that a session has few conflicts."""
        hours, minutes = divmod(5 * ((self._groups - 1) // 2 % 143), 60)
        return time(hour + hours, minutes)

    async def _sessions(self, group: GroupDefinition) -> tuple[str, str]:
        as_scheduler = self._context("session-actor")
        # By hand, because the recurrence leaves out the days that a mutation has closed.
        days = [_DAY + timedelta(days=number) for number in range(4)]
        created = [await create_occurrence(as_scheduler, str(group.id), day, self._start(0)) for day in days]
        first, second, *_ = (str(session.id) for session in created)
        await update_occurrence(as_scheduler, first, {"start_time": self._start(12)})
        await cancel_occurrence(as_scheduler, second, "session-reason")
        return first, second

    async def _closure(self) -> str:
        as_scheduler = self._context("session-actor")
        draft = ClosureDraft("closure-former", _CLOSED, _CLOSED + timedelta(days=self._groups), "l1")
        closure = (await create_closure(as_scheduler, draft)).closure
        await update_closure(as_scheduler, str(closure.id), {"name": f"closure-name-{self._groups}"})
        return str(closure.id)

    def _context(self, actor: str) -> Context:
        return Context(clinic(self._engine), Caller(actor, self.organization, _KEYS), "request-1")


def inputs_of(group: Group, mutation: str) -> list[dict[str, Any]]:
    """Return inputs with which a mutation succeeds on a group. The first one fills the whole payload."""
    inputs: dict[str, list[dict[str, Any]]] = {
        "createGroupDefinition": [
            {
                "name": "Mine",
                "groupType": "IOP",
                "facilitatorId": "s1",
                "coFacilitatorId": "s2",
                "locationId": "l1",
                "maxCapacity": 3,
                "durationMinutes": 60,
            }
        ],
        "updateGroupDefinition": [{"id": group.id, "maxCapacity": 9}],
        "deleteGroupDefinition": [{"id": group.id}],
        "restoreGroupDefinition": [{"id": group.deleted}],
        "createOccurrence": [{"groupDefinitionId": group.id, "sessionDate": "2034-01-02", "startTime": "08:00:00"}],
        "generateOccurrences": [{"groupDefinitionId": group.id, "from": "2033-07-31", "through": "2033-08-02"}],
        "reconcileOccurrences": [{"groupDefinitionId": group.id, "from": "2033-07-05", "through": "2033-07-07"}],
        "updateOccurrence": [{"id": group.session, "startTime": "11:00:00"}],
        "cancelOccurrence": [{"id": group.session, "reason": "mine"}],
        "reopenOccurrence": [{"id": group.cancelled}],
        "updateOccurrences": [{"selection": {"ids": [group.session]}, "startTime": "12:00:00"}],
        "cancelOccurrences": [{"selection": {"ids": [group.session]}, "reason": "mine"}],
        "createClosure": [{"name": "Mine", "from": "2033-07-04", "through": "2033-07-07", "locationId": "l1"}],
        "updateClosure": [{"id": group.closure, "from": "2033-07-04"}],
        "deleteClosure": [{"id": group.closure}],
        "createCalendarFeed": [{"facilitatorId": "s1"}],
        "rotateCalendarFeed": [{"id": group.feed}],
        "deleteCalendarFeed": [{"id": group.feed}],
        "enrollPatient": [{"groupDefinitionId": group.id, "patientId": "patient-id-7"}],
        "enrollPatients": [{"groupDefinitionId": group.id, "patientIds": ["patient-id-7"]}],
        "updateEnrollment": [{"enrollmentId": group.seated, "endDate": "2034-01-01"}],
        "disenrollPatient": [{"enrollmentId": group.seated, "reason": "mine"}],
        "promoteEnrollment": [{"enrollmentId": group.waiting, "allowOverCapacity": True}],
        "moveWaitlistedEnrollment": [{"enrollmentId": group.waiting, "position": 1}],
        "reinstateEnrollment": [{"enrollmentId": group.past}],
        "transferEnrollments": [{"enrollmentIds": [group.seated], "toGroupDefinitionId": group.other}],
        "removeEnrollment": [{"enrollmentId": group.seated}, {"enrollmentId": group.past}],
    }
    assert mutation in inputs, f"add an input with which {mutation} succeeds"
    return inputs[mutation]


def refused_inputs_of(group: Group, mutation: str) -> list[dict[str, Any]]:
    """Return inputs that a mutation refuses after one of `inputs_of` has succeeded on the group."""
    not_waiting = [{"enrollmentId": group.past}, {"enrollmentId": group.seated}]
    refused: dict[str, list[dict[str, Any]]] = {
        "updateGroupDefinition": [
            {"id": group.id, "name": " "},
            {"id": group.id, "maxCapacity": 0, "facilitatorId": "s9", "coFacilitatorId": "s1", "locationId": "l9"},
            {"id": group.id, "recurrence": {"rule": "FREQ=NEVER", "startDate": "2030-01-01", "startTime": "09:00:00"}},
        ],
        "createOccurrence": [
            {"groupDefinitionId": group.id, "sessionDate": "2034-01-03", "startTime": "08:00:00", "endTime": "07:00:00"}
        ],
        "reconcileOccurrences": [
            {
                "groupDefinitionId": group.id,
                "from": "2020-01-01",
                "through": "2033-07-07",
                "cancellationReason": "x" * 1001,
            }
        ],
        "updateOccurrence": [{"id": group.cancelled, "startTime": "11:00:00"}],
        "cancelOccurrence": [{"id": group.cancelled, "reason": "mine"}],
        "reopenOccurrence": [{"id": group.session}],
        "createClosure": [{"name": " ", "from": "2033-07-04", "through": "2033-07-01", "locationId": "l9"}],
        "updateClosure": [{"id": group.closure, "name": None}, {"id": group.closure, "through": "2033-06-01"}],
        "createCalendarFeed": [{}, {"facilitatorId": "s9"}],
        "enrollPatient": [
            {"groupDefinitionId": group.id, "patientId": "patient-id-6"},
            {"groupDefinitionId": group.id, "patientId": f"patient-id-{INACTIVE}"},
        ],
        "disenrollPatient": [{"enrollmentId": group.past}],
        "transferEnrollments": [
            {
                "enrollmentIds": [group.past, group.next, group.next],
                "toGroupDefinitionId": group.id,
                "reason": "x" * 1001,
            }
        ],
        "enrollPatients": [{"groupDefinitionId": group.id, "patientIds": []}],
        "updateEnrollment": [{"enrollmentId": group.seated, "endDate": "2020-01-01"}],
        "promoteEnrollment": [{"enrollmentId": group.next}, *not_waiting],
        "moveWaitlistedEnrollment": [
            {"enrollmentId": group.waiting, "position": 99},
            *({**target, "position": 1} for target in not_waiting),
        ],
    }
    return refused.get(mutation, [])
