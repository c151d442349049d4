"""Conflicts of the calendar: overlapping sessions that share what can only be in one place, and closed days.

A conflict warns. It refuses nothing, because availability belongs to another module. Sessions are half-open intervals
of instants: one that starts when another ends does not overlap it, whatever their time zones are. Cancelled sessions
have no conflicts.

Two overlapping sessions of one group are one GROUP conflict. It stands for all that they share, which is mostly
everything: they are no FACILITATOR, LOCATION or PATIENT conflict as well.

A LOCATION conflict is a room that is used twice. A site, which is a location without a room, has many.

A session on a day on which its location is closed is a CLOSURE conflict, one for each closure, as long as the session.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple
from uuid import UUID

from domain.calendar_names import clock_time, short_date
from domain.wall_time import local_datetime


class ConflictKind(StrEnum):
    """What is in two places at once, or CLOSURE for a session on a closed day."""

    FACILITATOR = "FACILITATOR"
    LOCATION = "LOCATION"
    PATIENT = "PATIENT"
    GROUP = "GROUP"
    CLOSURE = "CLOSURE"


_RANKS: Final = {kind: rank for rank, kind in enumerate(ConflictKind)}


@dataclass(frozen=True, slots=True)
class Booking:
    """A session that is not cancelled: when it takes place, and whom and what it needs."""

    session_id: UUID
    group_definition_id: UUID
    session_date: date
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    facilitator_id: str
    co_facilitator_id: str | None
    location_id: str | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The part of a calendar in which to look for conflicts.

    Attributes:
        bookings: The sessions, by id.
        attendances: The patients who are expected at a session, by the session's id, each with the enrollment's id.
            Patients who are expected in one place only may be left out.
        closures: The closures that close a session's location on its day, by the session's id.
        sites: The ids of locations without a room. Any number of sessions can take place at a site at once.
    """

    bookings: dict[UUID, Booking] = field(default_factory=dict)
    attendances: dict[UUID, dict[str, UUID]] = field(default_factory=dict)
    closures: dict[UUID, list[UUID]] = field(default_factory=dict)
    sites: frozenset[str] = frozenset()


class ConflictKey(NamedTuple):
    """The position of a conflict in lists. It tells two conflicts apart and names no patient.

    Attributes:
        starts_at: When the overlap starts.
        rank: The position of the kind in `ConflictKind`.
        first: The session that starts first.
        second: The other session; for CLOSURE, the same one.
        subject: The id of the staff member, the location or the closure; for a patient, that of the enrollment in the
            second group.
    """

    starts_at: datetime
    rank: int
    first: UUID
    second: UUID
    subject: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict.

    Attributes:
        kind: What is in two places at once.
        starts_at: When the overlap starts.
        ends_at: When it ends.
        time_zone: The zone of the session that starts first.
        session_ids: The sessions that clash, by their start.
        subject: See `ConflictKey`.
        staff_id: The staff member, for FACILITATOR.
        location_id: The location, for LOCATION.
        patient_id: The patient, for PATIENT.
        closure_id: The closure, for CLOSURE.
    """

    kind: ConflictKind
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    session_ids: tuple[UUID, ...]
    subject: str = ""
    staff_id: str | None = None
    location_id: str | None = None
    patient_id: str | None = None
    closure_id: UUID | None = None

    @property
    def key(self) -> ConflictKey:
        """The position of the conflict in lists."""
        ids = self.session_ids
        return ConflictKey(self.starts_at, _RANKS[self.kind], ids[0], ids[-1], self.subject)

    @property
    def message(self) -> str:
        """The conflict in words, with no name of a person or a group."""
        start, end = (local_datetime(moment, self.time_zone) for moment in (self.starts_at, self.ends_at))
        times = f"from {clock_time(start.time())} to {clock_time(end.time())}"
        return f"{_SENTENCES[self.kind]} on {short_date(start.date())}, {times}."


_SENTENCES: Final = {
    ConflictKind.FACILITATOR: "A facilitator is in two sessions at once",
    ConflictKind.LOCATION: "Two sessions are in the same room at once",
    ConflictKind.PATIENT: "A patient is expected at two sessions at once",
    ConflictKind.GROUP: "Two sessions of the same group overlap",
    ConflictKind.CLOSURE: "A session takes place although its location is closed",
}


class _Claim(NamedTuple):
    """What a session needs for itself: of which kind it is, its id, and the subject of the conflict's key."""

    kind: ConflictKind
    id: str
    subject: str


def find_conflicts(
    calendar: Calendar, kinds: Iterable[ConflictKind] = ConflictKind, among: Sequence[UUID] | None = None
) -> Iterator[Conflict]:
    """Yield the conflicts of a calendar, by their keys. They are found one start after another, not all at first.

    Args:
        calendar: The sessions.
        kinds: The kinds to look for.
        among: The sessions of which a conflict must have at least one; None for all.
    """
    # The sessions that have not ended, by what they need.
    running: dict[tuple[ConflictKind, str], list[Booking]] = {}
    chosen, focus = frozenset(kinds), None if among is None else frozenset(among)
    in_order = sorted(calendar.bookings.values(), key=lambda booking: (booking.starts_at, booking.session_id))
    for starts_at, starting in groupby(in_order, key=lambda booking: booking.starts_at):
        conflicts: list[Conflict] = []
        for booking in starting:
            if ConflictKind.CLOSURE in chosen and (focus is None or booking.session_id in focus):
                conflicts += (_closed(booking, key) for key in calendar.closures.get(booking.session_id, ()))
            for claim in _claims(booking, calendar):
                if claim.kind not in chosen:
                    continue
                key = claim.kind, claim.id
                others = [other for other in running.get(key, ()) if other.ends_at > starts_at]
                running[key] = [*others, booking]
                conflicts += (
                    _conflict(other, booking, claim)
                    for other in others
                    if _clash(other, booking, claim.kind)
                    and (focus is None or other.session_id in focus or booking.session_id in focus)
                )
        conflicts.sort(key=lambda conflict: conflict.key)
        yield from conflicts


def by_session(conflicts: Iterable[Conflict]) -> dict[UUID, list[Conflict]]:
    """Return the conflicts by each session that has a part in them, in their order."""
    of_sessions: dict[UUID, list[Conflict]] = {}
    for conflict in conflicts:
        for session_id in conflict.session_ids:
            of_sessions.setdefault(session_id, []).append(conflict)
    return of_sessions


def _clash(one: Booking, other: Booking, kind: ConflictKind) -> bool:
    return (one.group_definition_id == other.group_definition_id) == (kind is ConflictKind.GROUP)


def _claims(booking: Booking, calendar: Calendar) -> Iterator[_Claim]:
    yield _Claim(ConflictKind.FACILITATOR, booking.facilitator_id, booking.facilitator_id)
    if booking.co_facilitator_id is not None:
        yield _Claim(ConflictKind.FACILITATOR, booking.co_facilitator_id, booking.co_facilitator_id)
    if booking.location_id is not None and booking.location_id not in calendar.sites:
        yield _Claim(ConflictKind.LOCATION, booking.location_id, booking.location_id)
    for patient_id, enrollment_id in calendar.attendances.get(booking.session_id, {}).items():
        yield _Claim(ConflictKind.PATIENT, patient_id, str(enrollment_id))
    yield _Claim(ConflictKind.GROUP, str(booking.group_definition_id), "")


def _closed(booking: Booking, closure_id: UUID) -> Conflict:
    return Conflict(
        kind=ConflictKind.CLOSURE,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        time_zone=booking.time_zone,
        session_ids=(booking.session_id,),
        subject=str(closure_id),
        closure_id=closure_id,
    )


def _conflict(first: Booking, second: Booking, claim: _Claim) -> Conflict:
    kind = claim.kind
    return Conflict(
        kind=kind,
        starts_at=second.starts_at,
        ends_at=min(first.ends_at, second.ends_at),
        time_zone=first.time_zone,
        session_ids=(first.session_id, second.session_id),
        subject=claim.subject,
        staff_id=claim.id if kind is ConflictKind.FACILITATOR else None,
        location_id=claim.id if kind is ConflictKind.LOCATION else None,
        patient_id=claim.id if kind is ConflictKind.PATIENT else None,
    )
