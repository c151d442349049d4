"""The rules of transferring patients to another group."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.expected import is_expected
from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import FaultCode, Refusal
from domain.roster import Roster, disenroll, enroll
from domain.roster_changes import RosterChange
from domain.stays import OPEN_STAY, Stay
from domain.transfers import DEFAULT_REASON, Leaving, Transfer, count_faults, path_of, reason_of_transfer, transfer

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)
GROUPS = tuple(uuid.UUID(int=number) for number in range(1, 4))
TARGET = GROUPS[-1]
LIMIT = 200
DAY = timedelta(days=1)


@dataclass
class Clinic:
    """Rosters by group, and every enrollment there ever was."""

    rosters: dict[uuid.UUID, Roster] = field(default_factory=dict)
    records: dict[uuid.UUID, Enrollment] = field(default_factory=dict)

    def add(self, group: uuid.UUID, seats: int, *patients: str, inactive: Iterable[str] = ()) -> None:
        self.rosters[group] = Roster(group, seats, (), (), "America/Phoenix", inactive_patients=frozenset(inactive))
        for patient in patients:
            new_id = uuid.UUID(int=1000 + len(self.records))
            self.apply(enroll(self.rosters[group], new_id, patient, NOW, (), LIMIT))

    def apply(self, change: RosterChange) -> None:
        for step in change.steps:
            assert self.records.get(step.after.id) == step.before
            self.records[step.after.id] = step.after
        for group, roster in self.rosters.items():
            records = [record for record in self.records.values() if record.group_definition_id == group]
            waiting = [record for record in records if record.status == EnrollmentStatus.WAITLISTED]
            self.rosters[group] = replace(
                roster,
                seated=tuple(record for record in records if record.status == EnrollmentStatus.ENROLLED),
                waiting=tuple(sorted(waiting, key=lambda record: record.waitlist_position or 0)),
            )

    def of(self, group: uuid.UUID, *patients: str) -> list[Enrollment | None]:
        """Return the active enrollments of patients in a group."""
        active = {record.patient_id: record for record in self.active(group)}
        return [active[patient] for patient in patients]

    def active(self, group: uuid.UUID) -> list[Enrollment]:
        return [*self.rosters[group].seated, *self.rosters[group].waiting]

    def seated(self, group: uuid.UUID) -> set[str]:
        return {record.patient_id for record in self.rosters[group].seated}

    def waiting(self, group: uuid.UUID) -> list[str]:
        return [record.patient_id for record in self.rosters[group].waiting]

    def transfer(
        self,
        enrollments: Sequence[Enrollment | None],
        *,
        inactive: Iterable[str] = (),
        limit: int = LIMIT,
        stay: Stay = OPEN_STAY,
    ) -> Transfer:
        first = 1000 + len(self.records)
        leaving = [
            Leaving(record, record is None or record.patient_id not in inactive, uuid.UUID(int=first + number))
            for number, record in enumerate(enrollments)
        ]
        decision = transfer(leaving, self.rosters.values(), self.rosters[TARGET], DEFAULT_REASON, NOW, limit, stay)
        self.apply(decision.change)
        return decision


def two_groups(seats: int, *patients: str) -> Clinic:
    clinic = Clinic()
    clinic.add(GROUPS[0], 2, "ann", "bo", "cy", "di")
    clinic.add(TARGET, seats, *patients)
    return clinic


def test_patients_leave_one_group_and_enter_the_other_in_order() -> None:
    clinic = two_groups(2, "ed")
    decision = clinic.transfer(clinic.of(GROUPS[0], "bo", "ann"))
    assert clinic.seated(TARGET) == {"ed", "bo"}
    assert clinic.waiting(TARGET) == ["ann"]
    assert [record.patient_id for record in decision.entered] == ["bo", "ann"]


def test_freed_seats_are_given_on_once_all_have_left() -> None:
    clinic = two_groups(9)
    decision = clinic.transfer(clinic.of(GROUPS[0], "ann", "bo", "cy"))
    assert clinic.seated(GROUPS[0]) == {"di"}
    assert [record.patient_id for record in decision.change.promoted] == ["di"]
    assert clinic.waiting(GROUPS[0]) == []


def test_a_waiting_patient_may_get_a_seat_in_the_other_group() -> None:
    clinic = two_groups(1)
    clinic.transfer(clinic.of(GROUPS[0], "di"))
    assert clinic.seated(TARGET) == {"di"}
    assert clinic.waiting(GROUPS[0]) == ["cy"]


def test_patients_of_several_groups_are_transferred_at_once() -> None:
    clinic = two_groups(9)
    clinic.add(GROUPS[1], 1, "fay", "gil")
    decision = clinic.transfer(clinic.of(GROUPS[1], "fay") + clinic.of(GROUPS[0], "ann"))
    assert clinic.seated(TARGET) == {"fay", "ann"}
    assert [record.patient_id for record in decision.change.promoted] == ["gil", "cy"]


def test_both_records_stay_and_name_each_other() -> None:
    clinic = two_groups(2)
    [before] = clinic.of(GROUPS[0], "ann")
    assert before is not None
    decision = clinic.transfer([before])
    [new] = decision.entered
    old = clinic.records[before.id]
    assert (old.status, old.disenrollment_reason) == (EnrollmentStatus.DISENROLLED, DEFAULT_REASON)
    assert old.enrolled_at == before.enrolled_at
    history = {entry.entity_id: entry for entry in decision.change.history}
    assert history[old.id].action == "transferred"
    assert {"field": "transferred_to", "before": None, "after": str(new.id)} in history[old.id].changes
    assert history[new.id].action == "enrolled"
    assert {"field": "transferred_from", "before": None, "after": str(old.id)} in history[new.id].changes


def test_events_say_who_left_who_entered_and_who_moved_up() -> None:
    clinic = two_groups(1)
    decision = clinic.transfer(clinic.of(GROUPS[0], "ann", "bo"))
    assert [(event.name, event.payload["patient_id"]) for event in decision.change.events] == [
        ("pm_group_patient_disenrolled", "ann"),
        ("pm_group_patient_enrolled", "ann"),
        ("pm_group_patient_disenrolled", "bo"),
        ("pm_group_patient_waitlisted", "bo"),
        ("pm_group_patient_promoted", "cy"),
        ("pm_group_patient_promoted", "di"),
    ]
    left, entered = decision.change.events[:2]
    assert left.payload["transferred_to"] == entered.payload["enrollment_id"]
    assert entered.payload["transferred_from"] == left.payload["enrollment_id"]
    assert "transferred_to" not in entered.payload


def test_a_transferred_patient_passes_inactive_patients_who_wait() -> None:
    clinic = two_groups(1, "ed", "gone")
    clinic.rosters[TARGET] = replace(clinic.rosters[TARGET], inactive_patients=frozenset({"gone"}))
    [ed] = clinic.of(TARGET, "ed")
    assert ed is not None
    clinic.apply(disenroll(clinic.rosters[TARGET], ed, None, NOW))
    clinic.transfer(clinic.of(GROUPS[0], "ann"))
    assert (clinic.seated(TARGET), clinic.waiting(TARGET)) == ({"ann"}, ["gone"])


def test_every_fault_of_every_enrollment_is_named_at_its_place() -> None:
    clinic = two_groups(1, "ed", "ann")
    clinic.add(GROUPS[1], 5, "bo", "fay")
    ann, bo, cy = clinic.of(GROUPS[0], "ann", "bo", "cy")
    assert cy is not None
    ended = disenroll(clinic.rosters[GROUPS[0]], cy, None, NOW).steps[0].after
    listed = [
        None,
        ann,
        bo,
        *clinic.of(GROUPS[1], "bo"),
        bo,
        ended,
        *clinic.of(TARGET, "ed"),
        *clinic.of(GROUPS[1], "fay"),
    ]
    before = dict(clinic.records)
    with pytest.raises(Refusal) as caught:
        clinic.transfer(listed, inactive={"cy"}, limit=2)
    assert [(fault.code, fault.field) for fault in caught.value.faults] == [
        (FaultCode.NOT_FOUND, path_of(0)),
        (FaultCode.ALREADY_ENROLLED, path_of(1)),
        (FaultCode.INVALID, path_of(3)),
        (FaultCode.INVALID, path_of(4)),
        (FaultCode.NOT_ACTIVE, path_of(5)),
        (FaultCode.NOT_ACTIVE, path_of(5)),
        (FaultCode.ALREADY_ENROLLED, path_of(6)),
        (FaultCode.WAITLIST_FULL, path_of(7)),
    ]
    assert clinic.records == before


def test_a_list_has_1_to_200_enrollments() -> None:
    assert [fault.code for fault in count_faults([])] == [FaultCode.REQUIRED]
    assert count_faults(["id"] * 200) == []
    assert [fault.code for fault in count_faults(["id"] * 201)] == [FaultCode.OUT_OF_RANGE]


def test_a_transfer_without_a_reason_says_so_itself() -> None:
    assert [reason_of_transfer(text, []) for text in (None, "  ", " closing ")] == [DEFAULT_REASON] * 2 + ["closing"]


TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        (TODAY + DAY, None),
        (TODAY, TODAY - DAY),
        (TODAY - 3 * DAY, TODAY - 4 * DAY),
        (None, None),
    ],
)
def test_a_named_start_ends_the_other_stay_on_the_day_before(start: date | None, last: date | None) -> None:
    clinic = two_groups(1)
    [ann] = clinic.of(GROUPS[0], "ann")
    assert ann is not None
    clinic.records[ann.id] = ann = replace(ann, start_date=TODAY - 9 * DAY)
    decision = clinic.transfer([ann], stay=Stay(start))
    assert clinic.records[ann.id].end_date == last
    assert decision.entered[0].start_date == (start or TODAY)


def test_a_stay_that_starts_no_earlier_than_the_next_one_is_refused() -> None:
    clinic = two_groups(1)
    for start in (TODAY, TODAY - DAY):
        with pytest.raises(Refusal) as caught:
            clinic.transfer(clinic.of(GROUPS[0], "ann"), stay=Stay(start))
        assert [(fault.code, fault.field) for fault in caught.value.faults] == [(FaultCode.INVALID, path_of(0))]
    clinic.transfer(clinic.of(GROUPS[0], "ann"), stay=Stay(TODAY + DAY))


def test_no_session_is_expected_in_both_groups() -> None:
    clinic = two_groups(2)
    for patient, start in (("ann", TODAY - 3 * DAY), ("bo", None)):
        [old] = clinic.of(GROUPS[0], patient)
        assert old is not None
        clinic.records[old.id] = old = replace(
            old, start_date=TODAY - 9 * DAY, counts_from_start=True, enrolled_at=NOW - 9 * DAY
        )
        [new] = clinic.transfer([old], stay=Stay(start)).entered
        for hours in range(-9 * 24, 9 * 24):
            starts_at = NOW + timedelta(hours=hours)
            day = (starts_at - timedelta(hours=7)).date()  # in Phoenix
            assert is_expected(clinic.records[old.id], day, starts_at) + is_expected(new, day, starts_at) == 1


def test_a_patient_who_has_to_wait_keeps_the_days_of_the_first_stay() -> None:
    clinic = two_groups(1, "ed")
    [ann] = clinic.of(GROUPS[0], "ann")
    assert ann is not None
    clinic.records[ann.id] = ann = replace(ann, start_date=TODAY - 9 * DAY)
    clinic.transfer([ann], stay=Stay(TODAY - DAY))
    assert clinic.records[ann.id].end_date is None
