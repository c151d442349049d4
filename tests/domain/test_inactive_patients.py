"""Patients who are inactive in the registry are never seated, and keep what they have."""

from dataclasses import replace

import pytest

from domain.records import EnrollmentStatus
from domain.refusal import FaultCode, Refusal
from domain.roster import disenroll, move, promote, remove, settle
from tests.domain.roster_desk import by_patient, filled


@pytest.mark.parametrize("way", ["disenroll", "remove", "raise", "restore"])
def test_a_freed_seat_goes_to_the_first_active_patient(way: str) -> None:
    desk = filled(1, "ann", "bo", "cy", "di")
    desk.deactivate("bo")
    match way:
        case "disenroll":
            change = desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now))
        case "remove":
            change = desk.apply(remove(desk.roster, by_patient(desk, "ann"), desk.now))
        case "raise":
            desk.roster = replace(desk.roster, max_capacity=2)
            change = desk.apply(settle(desk.roster, desk.now))
        case _:
            desk.roster = replace(desk.roster, group_is_deleted=True)
            desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now))
            desk.roster = replace(desk.roster, group_is_deleted=False)
            change = desk.apply(settle(desk.roster, desk.now))
    assert [enrollment.patient_id for enrollment in change.promoted] == ["cy"]
    assert desk.waiting() == ["bo", "di"]
    assert [enrollment.waitlist_position for enrollment in desk.roster.waiting] == [1, 2]


def test_an_inactive_patient_is_not_promoted() -> None:
    desk = filled(1, "ann", "bo")
    desk.deactivate("bo")
    for allow_over_capacity in (False, True):
        with pytest.raises(Refusal) as caught:
            promote(desk.roster, by_patient(desk, "bo"), desk.now, allow_over_capacity=allow_over_capacity)
        assert [fault.code for fault in caught.value.faults] == [FaultCode.NOT_ACTIVE]


def test_a_new_patient_passes_inactive_ones_to_a_free_seat() -> None:
    desk = filled(1, "ann", "bo", "cy")
    desk.deactivate("bo", "cy")
    assert desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now)).promoted == ()
    desk.apply(move(desk.roster, by_patient(desk, "cy"), 1, desk.now))
    assert (desk.seated(), desk.waiting()) == (set(), ["cy", "bo"])
    assert desk.enroll("di").status == EnrollmentStatus.ENROLLED
    assert desk.enroll("ed").waitlist_position == 3


def test_a_reactivated_patient_gets_the_seat_that_is_free() -> None:
    desk = filled(1, "ann", "bo", "cy")
    desk.deactivate("bo", "cy")
    desk.apply(disenroll(desk.roster, by_patient(desk, "ann"), None, desk.now))
    change = desk.reactivate("cy")
    assert [event.name for event in change.events] == ["pm_group_patient_promoted"]
    assert (desk.seated(), desk.waiting()) == ({"cy"}, ["bo"])
    assert desk.reactivate("bo").steps == ()


def test_a_deactivated_patient_keeps_the_seat() -> None:
    desk = filled(1, "ann", "bo")
    desk.deactivate("ann")
    assert desk.apply(settle(desk.roster, desk.now)).steps == ()
    assert desk.seated() == {"ann"}
