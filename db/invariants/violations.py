"""What a check of the data finds wrong: which invariant, of which records, by their ids alone."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection


class Invariant(StrEnum):
    """What holds after every transaction. The value is the name that a violation is told under."""

    NOBODY_WAITS_FOR_A_FREE_SEAT = "nobody_waits_for_a_free_seat"
    POSITIONS_ARE_1_TO_N = "positions_are_1_to_n"
    ACTIVE_ONCE = "active_once_per_patient_and_group"
    OVER_CAPACITY_IS_EXPLAINED = "over_capacity_is_explained"
    HISTORY_EXPLAINS_RECORDS = "history_explains_records"
    EVENTS_FOLLOW_HISTORY = "events_follow_history"
    SEARCH_MATCHES_NAMES = "search_matches_names"
    TIME_ZONES_EXIST = "time_zones_exist"
    TIMES_RUN_FORWARD = "times_run_forward"
    WITHIN_ONE_ORGANIZATION = "within_one_organization"


@dataclass(frozen=True, slots=True)
class OrganizationSnapshot:
    """What a check reads: one organization's rows, on a connection that sees a single moment and streams them."""

    connection: AsyncConnection
    organization_id: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that does not hold.

    Attributes:
        invariant: Which.
        organization_id: Whose record.
        ids: The records concerned: what each is, and its id.
        fields: The fields that are wrong, where the invariant is about fields.
    """

    invariant: Invariant
    organization_id: str
    ids: tuple[tuple[str, str], ...]
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = [("organization", self.organization_id), *self.ids]
        if self.fields:
            told.append(("fields", ",".join(self.fields)))
        return " ".join([self.invariant.value, *(f"{name}={value}" for name, value in told)])
