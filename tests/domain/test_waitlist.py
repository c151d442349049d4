"""Why a patient waits, in words."""

import pytest

from domain.waitlist import WaitlistPlace, WaitlistReason, explanation

FULL, OVER = WaitlistReason.GROUP_FULL, WaitlistReason.GROUP_OVER_CAPACITY
DELETED, INACTIVE = WaitlistReason.GROUP_DELETED, WaitlistReason.PATIENT_NOT_ACTIVE


def place(seats: int, enrolled: int, ahead: int, *, active: bool = True, deleted: bool = False) -> WaitlistPlace:
    return WaitlistPlace(seats, enrolled, ahead, is_patient_active=active, is_group_deleted=deleted)


@pytest.mark.parametrize(
    ("waiting", "reason", "message", "seats_needed"),
    [
        (place(12, 12, 2), FULL, "All 12 seats are taken; 2 others are ahead.", 3),
        (place(12, 12, 1), FULL, "All 12 seats are taken; 1 other is ahead.", 2),
        (place(12, 12, 0), FULL, "All 12 seats are taken; nobody is ahead.", 1),
        (place(1, 1, 0), FULL, "The only seat is taken; nobody is ahead.", 1),
        (
            place(12, 14, 1),
            OVER,
            "14 patients are enrolled for 12 seats, so the group is over its capacity; 1 other is ahead.",
            4,
        ),
        (
            place(1, 2, 0),
            OVER,
            "2 patients are enrolled for 1 seat, so the group is over its capacity; nobody is ahead.",
            2,
        ),
        (
            place(3, 1, 2, deleted=True),
            DELETED,
            "The group is deleted, so no seat is given until it is restored; 2 others are ahead.",
            1,
        ),
        (
            place(3, 0, 0, active=False, deleted=True),
            INACTIVE,
            "This patient is deceased or deactivated in the registry, so no seat is given; nobody is ahead.",
            0,
        ),
    ],
)
def test_a_waiting_patient_is_told_why(
    waiting: WaitlistPlace, reason: WaitlistReason, message: str, seats_needed: int
) -> None:
    explained = explanation(waiting)
    assert (explained.reason, explained.message) == (reason, message)
    assert (explained.ahead, explained.seats_needed) == (waiting.ahead, seats_needed)
