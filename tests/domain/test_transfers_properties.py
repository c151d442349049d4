"""Properties of transfers of random patients between random groups."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.refusal import Refusal
from domain.roster import settle
from tests.domain.test_transfers import GROUPS, NOW, TARGET, Clinic


@st.composite
def clinics(draw: st.DrawFn) -> Clinic:
    """Return three groups with patients, of which the last is the target."""
    clinic = Clinic()
    names = [f"p{number}" for number in range(9)]
    for group in GROUPS:
        patients = draw(st.lists(st.sampled_from(names), unique=True))
        clinic.add(group, draw(st.integers(1, 4)), *patients)
        # Lowering the capacity leaves some groups above it.
        clinic.rosters[group] = replace(clinic.rosters[group], max_capacity=draw(st.integers(1, 4)))
        clinic.apply(settle(clinic.rosters[group], NOW))
    return clinic


@given(clinics(), st.data())
def test_a_transfer_loses_nobody_and_keeps_seats_and_order(clinic: Clinic, data: st.DataObject) -> None:
    candidates = [record for group in GROUPS[:2] for record in clinic.active(group)]
    listed = data.draw(st.lists(st.sampled_from(candidates), unique=True)) if candidates else []
    before = {group: clinic.active(group) for group in GROUPS}
    seats_before = {group: len(clinic.rosters[group].seated) for group in GROUPS}
    waiting_before = {group: clinic.waiting(group) for group in GROUPS}
    try:
        decision = clinic.transfer(listed)
    except Refusal:
        assert {group: clinic.active(group) for group in GROUPS} == before
        return
    moved = [record.patient_id for record in listed]
    for group in GROUPS:
        roster, patients = clinic.rosters[group], {record.patient_id for record in clinic.active(group)}
        left = {record.patient_id for record in listed if record.group_definition_id == group}
        # Nobody is lost, and nobody is in a group twice.
        entered = set(moved) if group == TARGET else set()
        assert patients == {record.patient_id for record in before[group]} - left | entered
        assert len(patients) == len(clinic.active(group))
        # No seat is given above the maximum, and none stays free while somebody waits.
        assert len(roster.seated) <= max(roster.max_capacity, seats_before[group])
        assert not roster.waiting or len(roster.seated) >= roster.max_capacity
        # The positions are dense, and nobody overtakes.
        assert [record.waitlist_position for record in roster.waiting] == list(range(1, len(roster.waiting) + 1))
        queue = [patient for patient in waiting_before[group] if patient not in left] + [
            patient for patient in moved if group == TARGET
        ]
        promoted = len([patient for patient in queue if patient in clinic.seated(group)])
        assert clinic.waiting(group) == queue[promoted:]
    assert [record.patient_id for record in decision.entered] == moved
