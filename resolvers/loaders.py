"""What is loaded for many parents at once: one statement for all that a level of a query asks for.

A loader also remembers, for one request: the same record is read once, however often it is named.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from db.queries import enrollments as enrollment_queries
from db.queries import groups as group_queries
from db.queries import history as history_queries
from db.queries import references as reference_queries
from db.queries import sessions as schedule_queries
from db.queries.groups import Seats
from db.queries.pages import Slice
from db.queries.references import LOCATION_ORDER, PATIENT_ORDER, STAFF_ORDER
from db.sql.page_statements import Order, Window
from db.transactions.snapshots import Snapshot
from domain.changes import EntityType
from domain.records import Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember
from domain.selections import Fields, SessionsWanted
from resolvers.disclosures import Disclosures
from resolvers.loader import Loader, LoadScheduler
from resolvers.request_snapshot import RequestSnapshot

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Arguments = TypeVar("Arguments", bound=tuple[Any, ...])
Statuses = enrollment_queries.Statuses


class Loaders:
    """The loaders of one request, each made when it is first needed."""

    def __init__(self, snapshot: RequestSnapshot, disclosures: Disclosures) -> None:
        self._snapshot = snapshot
        self._disclosures = disclosures
        self._scheduler = LoadScheduler()

    def forget(self) -> None:
        """Let go of what was loaded. Loaders hold themselves: a long report would stay until garbage is collected."""
        snapshot, disclosures, scheduler = self._snapshot, self._disclosures, self._scheduler
        self.__dict__.clear()
        self._snapshot, self._disclosures, self._scheduler = snapshot, disclosures, scheduler

    @cached_property
    def staff_member(self) -> Loader[str, StaffMember]:
        """Staff by id."""
        return self._references(STAFF_ORDER)

    @cached_property
    def location(self) -> Loader[str, Location]:
        """Locations by id."""
        return self._references(LOCATION_ORDER)

    @cached_property
    def patient(self) -> Loader[str, Patient]:
        """Patients by id."""

        async def find(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, Patient]:
            found = await reference_queries.find_references(snapshot, PATIENT_ORDER, ids)
            self._disclosures.add(found)
            return found

        return self._found(find)

    @cached_property
    def group(self) -> Loader[UUID, GroupDefinition | None]:
        """Groups by id, the deleted too; None for ids the organization does not have."""
        return self._found(group_queries.find_groups)

    @cached_property
    def session(self) -> Loader[UUID, Occurrence | None]:
        """Sessions by id; None for ids the organization does not have."""
        return self._found(schedule_queries.find_sessions)

    @cached_property
    def enrollment(self) -> Loader[UUID, Enrollment | None]:
        """Enrollments by id, the removed too; None for ids the organization does not have."""

        async def find(snapshot: Snapshot, ids: Sequence[UUID]) -> dict[UUID, Enrollment]:
            found = await enrollment_queries.find_enrollments(snapshot, ids)
            self._disclosures.add(enrollment.patient_id for enrollment in found.values())
            return found

        return self._found(find)

    @cached_property
    def seats(self) -> Loader[UUID, Seats | None]:
        """Seats by group; None where nobody is seated or waits."""
        return self._found(group_queries.count_seats)

    @cached_property
    def group_sessions(self) -> Loader[tuple[UUID, tuple[SessionsWanted, Window, Fields | None]], Slice[Occurrence]]:
        """Pages of sessions by group."""
        return self._lists(schedule_queries.pages_of_group_sessions)

    @cached_property
    def group_session_count(self) -> Loader[tuple[UUID, tuple[SessionsWanted]], int]:
        """How many sessions a group's list has."""
        return self._lists(schedule_queries.count_group_sessions)

    @cached_property
    def group_enrollments(self) -> Loader[tuple[UUID, tuple[Statuses, Window, Fields | None]], Slice[Enrollment]]:
        """Pages of enrollments by group."""

        async def read(
            snapshot: Snapshot, group_ids: Sequence[UUID], statuses: Statuses, window: Window, fields: Fields | None
        ) -> list[Slice[Enrollment]]:
            # Whose they are is noted whatever was asked for.
            fields = None if fields is None else fields.with_value("patient_id")
            found = await enrollment_queries.pages_of_group_enrollments(snapshot, group_ids, statuses, window, fields)
            self._disclosures.add(patient for page in found for patient in page.records.values("patient_id"))
            return found

        return self._lists(read)

    @cached_property
    def group_enrollment_count(self) -> Loader[tuple[UUID, tuple[Statuses]], int]:
        """How many enrollments a group's list has."""
        return self._lists(enrollment_queries.count_group_enrollments)

    @cached_property
    def patient_enrollments(self) -> Loader[tuple[str, tuple[Statuses, Window]], Slice[Enrollment]]:
        """Pages of enrollments by patient."""
        return self._lists(enrollment_queries.pages_of_patient_enrollments)

    @cached_property
    def patient_enrollment_count(self) -> Loader[tuple[str, tuple[Statuses]], int]:
        """How many enrollments a patient's list has."""
        return self._lists(enrollment_queries.count_patient_enrollments)

    @cached_property
    def history(self) -> Loader[tuple[UUID, tuple[EntityType, Window]], Slice[history_queries.StoredEntry]]:
        """Pages of history by record."""
        return self._lists(_pages_of_history)

    @cached_property
    def history_count(self) -> Loader[tuple[UUID, tuple[EntityType]], int]:
        """How many entries a record's history has."""
        return self._lists(_count_history)

    @cached_property
    def week_sessions(self) -> Loader[tuple[UUID, tuple[date]], list[Occurrence]]:
        """By group, the sessions of the week that starts on a day, and two days more on each side."""
        return self._lists(_week_sessions)

    def _references(self, order: Order[Value]) -> Loader[str, Value]:
        async def find(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, Value]:
            return await reference_queries.find_references(snapshot, order, ids)

        return self._found(find)

    def _found(self, find: Callable[[Snapshot, Sequence[Key]], Awaitable[dict[Key, Value]]]) -> Loader[Key, Any]:
        async def load(keys: list[Key]) -> list[Value | None]:
            async with self._snapshot as snapshot:
                found = await find(snapshot, keys)
            return [found.get(key) for key in keys]

        return Loader(load, self._scheduler)

    def _lists(self, read: Callable[..., Awaitable[Sequence[Value]]]) -> Loader[tuple[Key, Arguments], Value]:
        """Return a loader of lists by parent and arguments: one statement for all parents with the same arguments."""

        async def load(keys: list[tuple[Key, Arguments]]) -> list[Value]:
            parents: dict[Arguments, list[Key]] = {}
            for parent, arguments in keys:
                parents.setdefault(arguments, []).append(parent)
            found: dict[tuple[Key, Arguments], Value] = {}
            async with self._snapshot as snapshot:
                for arguments, wanted in parents.items():
                    values = await read(snapshot, wanted, *arguments)
                    if len(parents) == 1:
                        return list(values)
                    found.update(((parent, arguments), value) for parent, value in zip(wanted, values, strict=True))
            return [found[key] for key in keys]

        return Loader(load, self._scheduler)


async def _pages_of_history(
    snapshot: Snapshot, ids: Sequence[UUID], kind: EntityType, window: Window
) -> list[Slice[history_queries.StoredEntry]]:
    return await history_queries.pages_of_history(snapshot, kind, ids, window)


async def _count_history(snapshot: Snapshot, ids: Sequence[UUID], kind: EntityType) -> list[int]:
    return await history_queries.count_history(snapshot, kind, ids)


async def _week_sessions(snapshot: Snapshot, group_ids: Sequence[UUID], week_start: date) -> list[list[Occurrence]]:
    # A group's zone may differ from that of its sessions, by up to 26 hours: the date there is up to two days off.
    first, last = week_start - timedelta(days=2), week_start + timedelta(days=8)
    found = await schedule_queries.sessions_by_date(snapshot, group_ids, first, last)
    return [found.get(group_id, []) for group_id in group_ids]
