"""The selection of many sessions: by their ids, or by days and a group, a facilitator or a location."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from domain.plan import MAX_MONTHS, last_day_of_window
from domain.records import Occurrence
from domain.references import References
from domain.refusal import Fault, FaultCode, FieldPath
from domain.session_drafts import date_fault

MAX_SELECTED: Final = 1000
"""The maximum number of sessions that one selection has."""
SELECTION: Final[FieldPath] = ("input", "selection")


class Weekday(StrEnum):
    """A day of the week, in the order of `date.weekday`."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


_WEEKDAYS: Final = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class SessionSelection:
    """Which sessions to change. None stands for a missing value.

    Attributes:
        ids: The ids of the sessions, as the client sent them. If they are given, all other values are missing.
        from_date: The first local date.
        through_date: The last local date.
        group_id: The group, as the client sent its id.
        facilitator_id: The member of staff who leads or co-leads the sessions.
        location_id: The location.
        weekdays: Only these days of the week.
    """

    ids: tuple[str, ...] | None = None
    from_date: date | None = None
    through_date: date | None = None
    group_id: str | None = None
    facilitator_id: str | None = None
    location_id: str | None = None
    weekdays: frozenset[Weekday] | None = None

    def days(self) -> tuple[date, ...] | None:
        """Return the days of the window that the weekdays leave; None if there are no weekdays."""
        if self.weekdays is None or self.from_date is None or self.through_date is None:
            return None
        count = (self.through_date - self.from_date).days + 1
        days = (self.from_date + timedelta(days=number) for number in range(count))
        return tuple(day for day in days if _WEEKDAYS[day.weekday()] in self.weekdays)

    def path_of_id(self, id: str) -> FieldPath:
        """Return the path of an id in the input. Raise StopIteration if the selection does not have it."""
        # Clients may write the digits of an id in upper case.
        index = next(index for index, text in enumerate(self.ids or ()) if text.lower() == id)
        return (*SELECTION, "ids", str(index))

    def missing_ids(self, sessions: Iterable[Occurrence]) -> list[Fault]:
        """Return NOT_FOUND for each id that belongs to none of the sessions."""
        known = {str(session.id) for session in sessions}
        return [
            Fault(FaultCode.NOT_FOUND, "There is no session with this id.", (*SELECTION, "ids", str(index)))
            for index, text in enumerate(self.ids or ())
            if text.lower() not in known
        ]

    def reference_faults(self, references: References) -> list[Fault]:
        """Return NOT_FOUND for a facilitator or a location that does not exist."""
        faults: list[Fault] = []
        if self.facilitator_id is not None and self.facilitator_id not in references.staff_ids:
            faults.append(Fault(FaultCode.NOT_FOUND, "No staff member has this id.", (*SELECTION, "facilitatorId")))
        if self.location_id is not None and self.location_id not in references.locations:
            faults.append(Fault(FaultCode.NOT_FOUND, "No location has this id.", (*SELECTION, "locationId")))
        return faults

    def faults(self) -> list[Fault]:
        """Return all faults of the selection that follow from its values."""
        if self.ids is None:
            return list(self._faults_by_days())
        faults: list[Fault] = []
        if any(value is not None for value in self._values_by_days()):
            message = "Select sessions either by their ids or by days, not by both."
            faults.append(Fault(FaultCode.INVALID, message, SELECTION))
        if not self.ids:
            faults.append(Fault(FaultCode.REQUIRED, "Select at least one session.", (*SELECTION, "ids")))
        if len(self.ids) > MAX_SELECTED:
            message = f"One request changes at most {MAX_SELECTED:,} sessions."
            faults.append(Fault(FaultCode.OUT_OF_RANGE, message, (*SELECTION, "ids")))
        return faults

    def _values_by_days(self) -> tuple[object, ...]:
        filters = (self.group_id, self.facilitator_id, self.location_id, self.weekdays)
        return (self.from_date, self.through_date, *filters)

    def _faults_by_days(self) -> Iterator[Fault]:
        if all(value is None for value in self._values_by_days()):
            message = "Select sessions by their ids, or by days and a group, a facilitator or a location."
            yield Fault(FaultCode.REQUIRED, message, SELECTION)
            return
        yield from self._window_faults()
        if self.group_id is None and self.facilitator_id is None and self.location_id is None:
            message = "A selection by days must name a group, a facilitator or a location."
            yield Fault(FaultCode.REQUIRED, message, SELECTION)
        if self.weekdays is not None and not self.weekdays:
            message = "Name at least one weekday, or omit `weekdays` to select all of them."
            yield Fault(FaultCode.REQUIRED, message, (*SELECTION, "weekdays"))

    def _window_faults(self) -> Iterator[Fault]:
        first, last, has_fault = self.from_date, self.through_date, False
        for day, name, noun in ((first, "from", "first"), (last, "through", "last")):
            field = (*SELECTION, name)
            fault = None if day is None else date_fault(day, field)
            if day is None:
                fault = Fault(FaultCode.REQUIRED, f"A selection by days must have a {noun} day.", field)
            if fault is not None:
                has_fault = True
                yield fault
        if first is None or last is None or has_fault:
            return
        if last < first:
            yield Fault(FaultCode.OUT_OF_RANGE, "`through` must not be before `from`.", (*SELECTION, "through"))
        elif last > (bound := last_day_of_window(first)):
            message = f"One selection covers at most {MAX_MONTHS} months, here through {bound}."
            yield Fault(FaultCode.OUT_OF_RANGE, message, (*SELECTION, "through"))
