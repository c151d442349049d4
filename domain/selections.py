"""What a list is narrowed to, its order, and what of its records is wanted. None narrows nothing."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.records import CapacityStatus, GroupType, OccurrenceStatus


class GroupOrder(StrEnum):
    """An order of groups. Groups that compare equal come in the order of their ids."""

    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"
    CREATED_AT_ASC = "CREATED_AT_ASC"
    CREATED_AT_DESC = "CREATED_AT_DESC"


@dataclass(frozen=True, slots=True)
class GroupsWanted:
    """Which groups. The facilitator may lead or co-lead; deleted groups only where asked for."""

    search: str | None = None
    group_types: frozenset[GroupType] | None = None
    facilitator_id: str | None = None
    location_id: str | None = None
    capacity_statuses: frozenset[CapacityStatus] | None = None
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class SessionsWanted:
    """Which sessions, by local dates (both included), status, staff (leading or co-leading) and place."""

    from_date: date | None = None
    through_date: date | None = None
    statuses: frozenset[OccurrenceStatus] | None = None
    facilitator_id: str | None = None
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a list's records are wanted, where not all are.

    Attributes:
        values: Those that are looked at.
        written: Those that are only written down: of these the text will do, ids in their canonical form, dates, times
            and instants by ISO 8601, instants in UTC.
    """

    values: frozenset[str]
    written: frozenset[str] = frozenset()

    def with_value(self, name: str) -> "Fields":
        """Return these fields with another that is looked at."""
        return Fields(self.values | {name}, self.written)

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return self.values | self.written
