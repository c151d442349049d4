"""Properties of rosters over random decisions, with patients who become inactive and active again."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.records import Enrollment
from domain.refusal import Refusal
from domain.roster import disenroll, move, promote, remove, settle
from tests.domain.roster_desk import Desk


def delete_or_restore(desk: Desk, *, is_deleted: bool) -> None:
    desk.roster = replace(desk.roster, group_is_deleted=is_deleted)
    desk.apply(settle(desk.roster, desk.now))


def change_capacity(desk: Desk, max_capacity: int) -> None:
    desk.roster = replace(desk.roster, max_capacity=max_capacity)
    desk.apply(settle(desk.roster, desk.now))


def enroll_active(desk: Desk, patient: str) -> None:
    if patient not in desk.inactive:
        desk.enroll(patient)


def promote_chosen(desk: Desk, chosen: Enrollment, *, over: bool) -> None:
    desk.apply(promote(desk.roster, chosen, desk.now, allow_over_capacity=over))


ALWAYS: dict[str, Callable[[Desk, int], object]] = {
    "delete": lambda desk, _number: delete_or_restore(desk, is_deleted=True),
    "restore": lambda desk, _number: delete_or_restore(desk, is_deleted=False),
    "deactivate": lambda desk, number: desk.deactivate(f"patient-{number}"),
    "reactivate": lambda desk, number: desk.reactivate(f"patient-{number}"),
}
UNLESS_DELETED: dict[str, Callable[[Desk, int], object]] = {
    "enroll": lambda desk, number: enroll_active(desk, f"patient-{number}"),
    "capacity": lambda desk, number: change_capacity(desk, number % 6 + 1),
}
OF_ANY_ENROLLMENT: dict[str, Callable[[Desk, Enrollment, int], object]] = {
    "disenroll": lambda desk, chosen, _number: desk.apply(disenroll(desk.roster, chosen, None, desk.now)),
    "remove": lambda desk, chosen, _number: desk.apply(remove(desk.roster, chosen, desk.now)),
}
OF_AN_ENROLLMENT_UNLESS_DELETED: dict[str, Callable[[Desk, Enrollment, int], object]] = {
    "promote": lambda desk, chosen, _number: promote_chosen(desk, chosen, over=False),
    "over": lambda desk, chosen, _number: promote_chosen(desk, chosen, over=True),
    "move": lambda desk, chosen, number: desk.apply(move(desk.roster, chosen, number, desk.now)),
}
NAMES = [*ALWAYS, *UNLESS_DELETED, *OF_ANY_ENROLLMENT, *OF_AN_ENROLLMENT_UNLESS_DELETED]
ACTIONS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 9)), max_size=60)


def decide(desk: Desk, action: str, number: int) -> None:
    """Apply an action as the commands do. A deleted group refuses all but disenrolling and removing."""
    active = [*desk.roster.seated, *desk.roster.waiting]
    general = dict(ALWAYS)
    of_enrollment = dict(OF_ANY_ENROLLMENT)
    if not desk.roster.group_is_deleted:
        general |= UNLESS_DELETED
        of_enrollment |= OF_AN_ENROLLMENT_UNLESS_DELETED
    if action in general:
        general[action](desk, number)
    elif active and action in of_enrollment:
        of_enrollment[action](desk, active[number % len(active)], number)


@given(st.integers(1, 4), ACTIONS)
def test_nobody_who_may_be_seated_waits_while_a_seat_is_free(capacity: int, actions: list[tuple[str, int]]) -> None:
    desk = Desk(capacity)
    for action, number in actions:
        waitlist_before, seated_before = desk.waiting(), desk.seated()
        try:
            decide(desk, action, number)
        except Refusal:
            assert desk.waiting() == waitlist_before
        if desk.roster.group_is_deleted:
            assert desk.seated() <= seated_before
        else:
            assert desk.inactive >= {*desk.waiting()} or len(desk.roster.seated) >= desk.roster.max_capacity
        assert not (desk.seated() - seated_before) & desk.inactive, "an inactive patient was seated"
        assert [enrollment.waitlist_position for enrollment in desk.roster.waiting] == list(
            range(1, len(desk.roster.waiting) + 1)
        )
        patients = [enrollment.patient_id for enrollment in (*desk.roster.seated, *desk.roster.waiting)]
        assert len(patients) == len(set(patients))
        if action not in {"promote", "over", "move"}:
            # The patients who still wait have the same order as before.
            still_waiting = [patient for patient in waitlist_before if patient in desk.waiting()]
            assert desk.waiting()[: len(still_waiting)] == still_waiting
