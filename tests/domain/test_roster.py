"""The rules of seats and of the waitlist."""

import uuid
from dataclasses import replace

import pytest

from domain.records import EnrollmentStatus
from domain.refusal import FaultCode, Refusal
from domain.roster import disenroll, enroll, move, promote, remove, settle
from tests.domain.roster_desk import FIELD, GROUP, NOW, by_patient, filled


def test_nobody_waits_beyond_the_limit_of_the_waitlist() -> None:
    desk = filled(1, "ann", "bo", "cy")
    desk.limit = 2
    with pytest.raises(Refusal, match=r"WAITLIST_FULL: .*At most 2 patients may wait"):
        desk.enroll("di")
    desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now))
    desk.enroll("di")
    assert desk.waiting() == ["cy", "di"]


def test_a_patient_is_seated_below_the_maximum_and_waits_at_it() -> None:
    desk = filled(2, "ann", "bo")
    waiting = desk.enroll("cy")
    assert desk.seated() == {"ann", "bo"}
    assert (waiting.status, waiting.waitlist_position) == (EnrollmentStatus.WAITLISTED, 1)
    assert waiting.waitlisted_at is not None
    assert waiting.enrolled_at is None


def test_a_patient_has_one_active_enrollment_in_a_group() -> None:
    desk = filled(1, "ann", "bo")
    for patient in ("ann", "bo"):
        with pytest.raises(Refusal) as caught:
            desk.enroll(patient)
        assert caught.value.faults[0].code == FaultCode.ALREADY_ENROLLED
        assert caught.value.faults[0].field == FIELD


def test_a_disenrolled_patient_can_enroll_again_with_a_new_record() -> None:
    desk = filled(1, "ann")
    first = by_patient(desk, "ann")
    desk.apply(disenroll(desk.roster, first, "moved away", desk.now))
    assert desk.enroll("ann").id != first.id
    assert desk.records[first.id].disenrollment_reason == "moved away"


def test_a_freed_seat_goes_to_the_first_in_the_waitlist() -> None:
    desk = filled(2, "ann", "bo", "cy", "di")
    change = desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now))
    assert [enrollment.patient_id for enrollment in change.promoted] == ["cy"]
    assert desk.seated() == {"bo", "cy"}
    assert desk.waiting() == ["di"]
    assert by_patient(desk, "di").waitlist_position == 1
    assert by_patient(desk, "cy").promoted_at is not None


def test_leaving_the_waitlist_renumbers_it_and_seats_nobody() -> None:
    desk = filled(1, "ann", "bo", "cy", "di")
    change = desk.apply(disenroll(desk.roster, by_patient(desk, "bo"), None, desk.now))
    assert change.promoted == ()
    assert [enrollment.waitlist_position for enrollment in desk.roster.waiting] == [1, 2]


def test_renumbering_is_in_the_history_but_keeps_the_version() -> None:
    desk = filled(1, "ann", "bo", "cy")
    version = by_patient(desk, "cy").version
    change = desk.apply(disenroll(desk.roster, by_patient(desk, "bo"), None, desk.now))
    assert by_patient(desk, "cy").version == version
    assert [entry.action for entry in change.history] == ["disenrolled", "waitlist_position_changed"]


def test_removing_hides_the_record_and_frees_the_seat() -> None:
    desk = filled(1, "ann", "bo")
    change = desk.apply(remove(desk.roster, by_patient(desk, "ann"), desk.now))
    assert change.steps[0].after.deleted_at is not None
    assert desk.seated() == {"bo"}
    assert [event.name for event in change.events] == ["pm_group_patient_disenrolled", "pm_group_patient_promoted"]


def test_removing_an_ended_enrollment_has_no_event() -> None:
    desk = filled(1, "ann")
    ended = desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now)).steps[0].after
    change = desk.apply(remove(desk.roster, ended, desk.now))
    assert change.events == []
    assert [entry.action for entry in change.history] == ["removed"]
    with pytest.raises(Refusal):
        remove(desk.roster, change.steps[0].after, desk.now)


def test_an_ended_enrollment_cannot_be_disenrolled_again() -> None:
    desk = filled(1, "ann")
    ended = desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now)).steps[0].after
    with pytest.raises(Refusal) as caught:
        disenroll(desk.roster, ended, None, desk.now)
    assert caught.value.faults[0].code == FaultCode.NOT_ACTIVE


def test_promoting_needs_a_free_seat_or_allow_over_capacity() -> None:
    desk = filled(1, "ann", "bo", "cy")
    chosen = by_patient(desk, "cy")
    with pytest.raises(Refusal) as caught:
        promote(desk.roster, chosen, desk.now, allow_over_capacity=False)
    assert caught.value.faults[0].code == FaultCode.AT_CAPACITY
    change = desk.apply(promote(desk.roster, chosen, desk.now, allow_over_capacity=True))
    assert desk.seated() == {"ann", "cy"}
    assert desk.waiting() == ["bo"]
    assert change.history[0].action == "promoted_over_capacity"


def test_only_a_waiting_patient_is_promoted_or_moved() -> None:
    desk = filled(1, "ann")
    seated = by_patient(desk, "ann")
    ended = replace(seated, status=EnrollmentStatus.DISENROLLED)
    for enrollment, code in ((seated, FaultCode.ALREADY_ENROLLED), (ended, FaultCode.NOT_ACTIVE)):
        with pytest.raises(Refusal) as caught:
            promote(desk.roster, enrollment, desk.now, allow_over_capacity=True)
        assert caught.value.faults[0].code == code
        with pytest.raises(Refusal) as caught:
            move(desk.roster, enrollment, 1, desk.now)
        assert caught.value.faults[0].code == code


@pytest.mark.parametrize(
    ("position", "order"), [(1, ["di", "bo", "cy"]), (2, ["bo", "di", "cy"]), (3, ["bo", "cy", "di"])]
)
def test_moving_within_the_waitlist_renumbers_the_others(position: int, order: list[str]) -> None:
    desk = filled(1, "ann", "bo", "cy", "di")
    desk.apply(move(desk.roster, by_patient(desk, "di"), position, desk.now))
    assert desk.waiting() == order
    assert [enrollment.waitlist_position for enrollment in desk.roster.waiting] == [1, 2, 3]


@pytest.mark.parametrize("position", [0, -1, 4])
def test_a_position_outside_the_waitlist_is_refused(position: int) -> None:
    desk = filled(1, "ann", "bo", "cy", "di")
    with pytest.raises(Refusal) as caught:
        move(desk.roster, by_patient(desk, "bo"), position, desk.now)
    assert caught.value.faults[0].code == FaultCode.OUT_OF_RANGE


def test_a_raised_capacity_promotes_in_the_order_of_the_waitlist() -> None:
    desk = filled(1, "ann", "bo", "cy", "di")
    desk.roster = replace(desk.roster, max_capacity=3)
    change = desk.apply(settle(desk.roster, desk.now))
    assert [enrollment.patient_id for enrollment in change.promoted] == ["bo", "cy"]
    assert desk.waiting() == ["di"]


def test_a_group_over_capacity_promotes_nobody() -> None:
    desk = filled(3, "ann", "bo", "cy", "di")
    desk.roster = replace(desk.roster, max_capacity=1)
    for patient, seated in (("ann", 2), ("bo", 1), ("cy", 1)):
        change = desk.apply(disenroll(desk.roster, by_patient(desk, patient), None, desk.now))
        assert len(desk.seated()) == seated
        assert bool(change.promoted) == (patient == "cy")


def test_events_contain_only_ids_days_and_statuses() -> None:
    desk = filled(1, "ann")
    change = enroll(desk.roster, uuid.UUID(int=9), "bo", NOW, FIELD, 200)
    (event,) = change.events
    assert event.name == "pm_group_patient_waitlisted"
    assert dict(event.payload) == {
        "enrollment_id": str(uuid.UUID(int=9)),
        "group_definition_id": str(GROUP),
        "patient_id": "bo",
        "status": "WAITLISTED",
        "waitlist_position": 1,
        "start_date": None,
        "end_date": None,
        "counts_from_start": False,
        "removed": False,
    }


def test_a_deleted_group_seats_nobody_until_it_is_restored() -> None:
    desk = filled(2, "ann", "bo", "cy", "di", "ed", "fi")
    desk.roster = replace(desk.roster, group_is_deleted=True)
    for change in (
        desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now)),
        desk.apply(remove(desk.roster, by_patient(desk, "cy"), desk.now)),
        desk.apply(settle(desk.roster, desk.now)),
    ):
        assert change.promoted == ()
        assert "pm_group_patient_promoted" not in {event.name for event in change.events}
    assert (desk.seated(), desk.waiting()) == ({"bo"}, ["di", "ed", "fi"])
    assert [enrollment.waitlist_position for enrollment in desk.roster.waiting] == [1, 2, 3]
    desk.roster = replace(desk.roster, group_is_deleted=False)
    restored = desk.apply(settle(desk.roster, desk.now))
    assert [enrollment.patient_id for enrollment in restored.promoted] == ["di"]
    assert [event.name for event in restored.events] == ["pm_group_patient_promoted"]
