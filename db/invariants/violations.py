"""The invariants, and their violations. A violation contains ids, and no patient data."""

from dataclasses import dataclass
from enum import StrEnum


class Invariant(StrEnum):
    """A rule that holds after every transaction. The value is its name in the output of a check."""

    NOBODY_WAITS_FOR_A_FREE_SEAT = "nobody_waits_for_a_free_seat"
    POSITIONS_ARE_1_TO_N = "positions_are_1_to_n"
    ACTIVE_ONCE = "active_once_per_patient_and_group"
    SLOT_FILLED_ONCE = "slot_filled_once_per_group"
    SLOT_STAYS = "recurrence_date_never_changes"
    EDITED_IS_EXPLAINED = "edited_is_explained"
    OVER_CAPACITY_IS_EXPLAINED = "over_capacity_is_explained"
    HISTORY_EXPLAINS_RECORDS = "history_explains_records"
    EVENTS_FOLLOW_HISTORY = "events_follow_history"
    STAYS_END_AFTER_THEIR_START = "stays_end_after_their_start"
    TRANSFERS_HAVE_TWO_SIDES = "transfers_have_two_sides"
    SEARCH_MATCHES_NAMES = "search_matches_names"
    TIME_ZONES_EXIST = "time_zones_exist"
    TIMES_RUN_FORWARD = "times_run_forward"
    WITHIN_ONE_ORGANIZATION = "within_one_organization"


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of an invariant.

    Attributes:
        invariant: The invariant.
        organization_id: The organization.
        ids: The records: the kind and the id of each.
        fields: The wrong fields, if the invariant is about fields.
    """

    invariant: Invariant
    organization_id: str
    ids: tuple[tuple[str, str], ...]
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        pairs = [("organization", self.organization_id), *self.ids]
        if self.fields:
            pairs.append(("fields", ",".join(self.fields)))
        return " ".join([self.invariant.value, *(f"{name}={value}" for name, value in pairs)])
