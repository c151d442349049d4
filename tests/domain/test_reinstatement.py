"""The rules of undoing a disenrollment or a removal."""

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from domain.expected import is_expected
from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import FaultCode, Refusal
from domain.reinstatement import Ending, reinstate
from domain.roster import disenroll, promote, remove
from domain.roster_changes import RosterChange
from tests.domain.roster_desk import Desk, by_patient, filled

OPEN = Ending(removed_later=False, end_date=None)


def undo(
    desk: Desk,
    enrollment: Enrollment,
    ending: Ending = OPEN,
    *,
    patient_is_active: bool = True,
    over: bool = False,
    limit: int = 200,
) -> RosterChange:
    change = reinstate(
        desk.roster,
        enrollment,
        ending,
        desk.now,
        patient_is_active=patient_is_active,
        allow_over_capacity=over,
        waitlist_limit=limit,
    )
    return desk.apply(change)


def ended(desk: Desk, patient: str) -> Enrollment:
    return desk.apply(disenroll(desk.roster, by_patient(desk, patient), "moved", desk.now)).steps[0].after


def removed(desk: Desk, patient: str) -> Enrollment:
    return desk.apply(remove(desk.roster, by_patient(desk, patient), desk.now)).steps[0].after


@pytest.mark.parametrize("end", [ended, removed])
def test_a_free_seat_is_given_back_with_the_dates_of_the_record(end: type) -> None:
    desk = filled(2, "ann")
    before = by_patient(desk, "ann")
    change = undo(desk, end(desk, "ann"))
    [after] = change.changed
    version, updated_at = before.version + 2, after.updated_at
    assert after == replace(before, version=version, updated_at=updated_at)
    assert [entry.action for entry in change.history] == ["reinstated"]
    assert [event.name for event in change.events] == ["pm_group_patient_enrolled"]


def test_without_a_free_seat_the_patient_is_first_in_the_waitlist() -> None:
    desk = filled(1, "ann", "bo", "cy")
    left = ended(desk, "ann")
    change = undo(desk, left)
    assert (desk.seated(), desk.waiting()) == ({"bo"}, ["ann", "cy"])
    after = by_patient(desk, "ann")
    assert (after.waitlist_position, after.waitlisted_at) == (1, left.disenrolled_at)
    assert [entry.action for entry in change.history] == ["reinstated_to_waitlist", "waitlist_position_changed"]
    assert [event.name for event in change.events] == ["pm_group_patient_waitlisted"]


def test_over_capacity_the_patient_is_seated_at_once() -> None:
    desk = filled(1, "ann", "bo")
    change = undo(desk, ended(desk, "ann"), over=True)
    assert desk.seated() == {"ann", "bo"}
    assert [entry.action for entry in change.history] == ["reinstated_over_capacity"]


def test_a_patient_who_waited_gets_the_seat_that_is_free_now() -> None:
    desk = filled(1, "ann", "bo")
    left = ended(desk, "bo")
    ended(desk, "ann")
    [after] = undo(desk, left).changed
    assert after.waitlisted_at == left.waitlisted_at
    assert after.enrolled_at == after.promoted_at == after.updated_at


def test_a_patient_who_waited_keeps_when_the_wait_began() -> None:
    desk = filled(1, "ann", "bo", "cy")
    left = ended(desk, "cy")
    undo(desk, left)
    assert desk.waiting() == ["cy", "bo"]
    assert by_patient(desk, "cy").waitlisted_at == left.waitlisted_at


def test_the_sessions_before_the_seat_was_lost_keep_the_patient() -> None:
    desk = filled(1, "ann", "bo")
    seated_at, day = desk.now, date(2026, 11, 24)
    left = ended(desk, "ann")
    undo(desk, left)

    def expects_ann(starts_at: datetime) -> bool:
        return is_expected(by_patient(desk, "ann"), day, starts_at)

    assert left.disenrolled_at is not None
    lost_at = left.disenrolled_at
    assert expects_ann(seated_at - timedelta(seconds=1))
    assert not expects_ann(lost_at)
    assert not expects_ann(lost_at + timedelta(days=9))
    desk.apply(promote(desk.roster, by_patient(desk, "ann"), desk.now, allow_over_capacity=True))
    regained_at = by_patient(desk, "ann").promoted_at
    assert regained_at is not None
    assert expects_ann(seated_at - timedelta(seconds=1))
    assert not expects_ann(regained_at - timedelta(seconds=1))
    assert expects_ann(regained_at)
    assert by_patient(desk, "ann").enrolled_at == left.enrolled_at


def test_only_the_end_date_that_the_disenrollment_set_is_cleared() -> None:
    desk = filled(1, "ann")
    last = replace(ended(desk, "ann"), end_date=date(2026, 11, 20))
    desk.records[last.id] = last
    [after] = undo(desk, last, Ending(removed_later=False, end_date=date(2026, 12, 24))).changed
    assert after.end_date == date(2026, 12, 24)


def test_a_record_that_ended_before_it_was_removed_is_ended_again() -> None:
    desk = filled(1, "ann")
    left = ended(desk, "ann")
    gone = desk.apply(remove(desk.roster, left, desk.now)).steps[0].after
    change = undo(desk, gone, Ending(removed_later=True, end_date=None), patient_is_active=False)
    [after] = change.changed
    assert after == replace(left, version=left.version + 2, updated_at=after.updated_at)
    assert ([entry.action for entry in change.history], change.events) == (["removal_undone"], [])


def test_an_active_enrollment_is_not_reinstated() -> None:
    desk = filled(1, "ann", "bo")
    for patient in ("ann", "bo"):
        with pytest.raises(Refusal) as caught:
            undo(desk, by_patient(desk, patient), limit=1)
        [fault] = caught.value.faults
        assert (fault.code, fault.enrollment_id) == (FaultCode.ALREADY_ENROLLED, by_patient(desk, patient).id)


def test_all_that_prevents_a_reinstatement_is_named_at_once() -> None:
    desk = filled(1, "ann", "bo")
    left = ended(desk, "ann")
    again = desk.enroll("ann")
    desk.roster = replace(desk.roster, group_is_deleted=True)
    with pytest.raises(Refusal) as caught:
        undo(desk, left, patient_is_active=False, limit=1)
    assert [(fault.code, fault.enrollment_id) for fault in caught.value.faults] == [
        (FaultCode.GROUP_DELETED, None),
        (FaultCode.NOT_ACTIVE, None),
        (FaultCode.ALREADY_ENROLLED, again.id),
        (FaultCode.WAITLIST_FULL, None),
    ]
    assert desk.records[left.id].status == EnrollmentStatus.DISENROLLED
    assert desk.records[left.id].id == uuid.UUID(int=101)
