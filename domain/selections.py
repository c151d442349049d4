"""What a list is narrowed to, and its order. None narrows nothing."""

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
