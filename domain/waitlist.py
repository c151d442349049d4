"""Why a patient waits, in words that a coordinator can read out."""

from dataclasses import dataclass
from enum import StrEnum


class WaitlistReason(StrEnum):
    """Why a patient waits. The first that applies counts, in the order of `explanation`."""

    GROUP_FULL = "GROUP_FULL"
    GROUP_OVER_CAPACITY = "GROUP_OVER_CAPACITY"
    GROUP_DELETED = "GROUP_DELETED"
    PATIENT_NOT_ACTIVE = "PATIENT_NOT_ACTIVE"


@dataclass(frozen=True, slots=True)
class WaitlistPlace:
    """The facts about a waiting patient.

    Attributes:
        seats: The group's number of seats.
        enrolled: How many patients have a seat.
        ahead: How many active patients wait before this one. Inactive ones are passed over, so they do not count.
        is_patient_active: Whether the patient is active in the registry.
        is_group_deleted: Whether the group is deleted.
    """

    seats: int
    enrolled: int
    ahead: int
    is_patient_active: bool
    is_group_deleted: bool


@dataclass(frozen=True, slots=True)
class WaitlistExplanation:
    """Why a patient waits.

    Attributes:
        reason: The reason.
        message: The reason in words. It names nobody.
        ahead: How many patients get a seat before this one.
        seats_needed: How many seats must open before this patient's turn. For a patient who is inactive and for a
            deleted group, that is once they are active and the group is restored.
    """

    reason: WaitlistReason
    message: str
    ahead: int
    seats_needed: int


def explanation(place: WaitlistPlace) -> WaitlistExplanation:
    """Return why a patient waits."""
    reason, cause = _reason(place)
    seats_needed = max(0, place.enrolled - place.seats + place.ahead + 1)
    return WaitlistExplanation(reason, f"{cause}; {_queue(place.ahead)}", place.ahead, seats_needed)


def _reason(place: WaitlistPlace) -> tuple[WaitlistReason, str]:
    if not place.is_patient_active:
        cause = "This patient is deceased or deactivated in the registry, so no seat is given"
        return WaitlistReason.PATIENT_NOT_ACTIVE, cause
    if place.is_group_deleted:
        return WaitlistReason.GROUP_DELETED, "The group is deleted, so no seat is given until it is restored"
    if place.enrolled > place.seats:
        seats = "1 seat" if place.seats == 1 else f"{place.seats} seats"
        cause = f"{place.enrolled} patients are enrolled for {seats}, so the group is over its capacity"
        return WaitlistReason.GROUP_OVER_CAPACITY, cause
    cause = "The only seat is taken" if place.seats == 1 else f"All {place.seats} seats are taken"
    return WaitlistReason.GROUP_FULL, cause


def _queue(ahead: int) -> str:
    if ahead == 0:
        return "nobody is ahead."
    return "1 other is ahead." if ahead == 1 else f"{ahead} others are ahead."
