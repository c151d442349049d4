"""Which weeks a patient has: the programs, the rule set, the sessions that count, and whether the stay is partial."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.patient_compliance import PatientWeek
from domain.patient_weeks import Seat, patient_weeks
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition, GroupType, Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.wall_time import local_date
from domain.weeks import DatedSession, Session

SUNDAY = date(2027, 1, 10)
LONG_AGO = datetime(2026, 6, 1, tzinfo=UTC)
MIDNIGHT = datetime(2027, 1, 10, 7, tzinfo=UTC)
"""The beginning of the week in Phoenix."""


def group(number: int, type_: GroupType = GroupType.IOP, **values: Any) -> GroupDefinition:
    made = GroupDefinition(
        UUID(int=number), f"Group {number}", type_, "s1", None, None, "America/Phoenix", 9, None, 180, None, 1,
        LONG_AGO, LONG_AGO, None,
    )  # fmt: skip
    return replace(made, **values)


def seat(of: GroupDefinition, since: datetime = LONG_AGO, until: datetime | None = None, **values: Any) -> Seat:
    status = EnrollmentStatus.ENROLLED if until is None else EnrollmentStatus.DISENROLLED
    enrollment = Enrollment(
        UUID(int=of.id.int + 900),
        of.id,
        "patient-1",
        status,
        None,
        None,
        since,
        None,
        until,
        None,
        1,
        since,
        since,
        None,
    )
    return Seat(replace(enrollment, **values), of)


def at(day: int, hour: float = 9, hours: float = 3) -> Session:
    start = MIDNIGHT + timedelta(days=day, hours=hour)
    return start, start + timedelta(hours=hours)


def day(number: int | None) -> date | None:
    return None if number is None else SUNDAY + timedelta(days=number)


def dated(sessions: Iterable[Session]) -> list[DatedSession]:
    """Return the sessions with their dates in Phoenix."""
    return [DatedSession(start, end, local_date(start, "America/Phoenix")) for start, end in sessions]


def weeks(*seats: Seat, sizes: dict[UUID, int] | None = None, **sessions: list[Session]) -> list[PatientWeek]:
    """Return the weeks of a patient. The sessions of group 1 are `g1`, and so on."""
    by_group = {UUID(int=int(name[1:])): dated(of_group) for name, of_group in sessions.items()}
    return patient_weeks("patient-1", seats, SUNDAY, by_group, sizes or {}, SHIPPED_RULE_SETS)


def test_a_patient_has_a_week_in_each_program_of_their_groups() -> None:
    both = weeks(seat(group(1, GroupType.PHP)), seat(group(2)), seat(group(3, GroupType.SUPPORT)))
    assert [(week.rules.id, week.rules.program) for week in both] == [
        ("ahcccs-iop", Program.IOP),
        ("ahcccs-php", Program.PHP),
    ]


def test_a_group_that_only_counts_toward_a_program_is_no_stay_in_it() -> None:
    assert weeks(seat(group(1, GroupType.SKILLS_TRAINING, counts_toward=(Program.IOP,))), g1=[at(1)]) == []


def test_sessions_of_all_groups_that_count_are_in_the_week() -> None:
    skills = group(2, GroupType.SKILLS_TRAINING, counts_toward=(Program.IOP,))
    [week] = weeks(seat(group(1)), seat(skills), seat(group(3, GroupType.SUPPORT)), g1=[at(1)], g2=[at(2)], g3=[at(3)])
    assert week.sessions == (at(1), at(2))
    assert [of.id.int for of in week.groups] == [1, 2]


def test_a_session_counts_only_while_the_patient_is_expected() -> None:
    left = seat(group(1), until=at(3, 10)[0])
    [week] = weeks(left, g1=[at(1), at(3), at(4)])
    assert week.sessions == (at(1), at(3))
    [week] = weeks(seat(group(1), since=at(2)[0]), g1=[at(1), at(3), at(-1), at(7)])
    assert week.sessions == (at(3),)


def test_a_patient_who_comes_back_on_the_same_day_is_expected_once() -> None:
    [week] = weeks(seat(group(1), until=at(3, 10)[0]), seat(group(1), since=at(3, 8)[0]), g1=[at(3), at(4)])
    assert week.sessions == (at(3), at(4))


def test_the_strictest_set_of_several_groups_is_used_with_its_zone() -> None:
    lenient = group(1, compliance_rule_set_id="kansas-iop-minor", time_zone="America/New_York")
    [week] = weeks(seat(lenient), seat(group(2)))
    assert (week.rules.id, week.zone) == ("ahcccs-iop", "America/Phoenix")


def test_the_largest_group_of_the_sessions_counts() -> None:
    sizes = {UUID(int=1): 5, UUID(int=2): 9, UUID(int=3): 12}
    [week] = weeks(*(seat(group(number)) for number in (1, 2, 3)), sizes=sizes, g1=[at(1)], g2=[at(2)])
    assert week.group_size == 9


@pytest.mark.parametrize(
    ("since", "until", "partial"),
    [
        (LONG_AGO, None, False),
        (at(0, 0)[0], None, False),
        (at(0, 23)[0], None, False),  # on the first day of the week
        (at(1, 0)[0], None, True),
        (LONG_AGO, at(6, 23)[0], False),  # on the last day of the week
        (LONG_AGO, at(5, 23)[0], True),
        (LONG_AGO, at(8)[0], False),
    ],
)
def test_a_week_is_partial_if_the_stay_begins_or_ends_in_it(
    since: datetime, until: datetime | None, partial: bool
) -> None:
    [week] = weeks(seat(group(1), since, until))
    assert week.is_partial is partial


@pytest.mark.parametrize(
    ("start", "end", "partial"),
    [
        (0, None, False),
        (1, None, True),
        (9, None, None),
        (None, 6, False),
        (None, 5, True),
        (None, -1, None),
        (2, 4, True),
    ],
)
def test_the_days_of_a_stay_make_a_week_partial(start: int | None, end: int | None, partial: bool | None) -> None:
    of_patient = weeks(seat(group(1), start_date=day(start), end_date=day(end)))
    assert [week.is_partial for week in of_patient] == ([] if partial is None else [partial])


def test_a_late_entry_has_the_sessions_since_its_start() -> None:
    monday = SUNDAY + timedelta(days=1)
    late = seat(group(1), since=at(6)[0], start_date=monday, counts_from_start=True)
    [week] = weeks(late, g1=[at(0), at(1), at(3)])
    assert (week.sessions, week.is_partial) == ((at(1), at(3)), True)


def test_a_transfer_within_the_week_is_no_partial_stay() -> None:
    [week] = weeks(seat(group(1), until=at(3)[0]), seat(group(2), since=at(3)[0]))
    assert not week.is_partial


@pytest.mark.parametrize(
    "held",
    [
        seat(group(1), until=at(-1, 23)[0]),
        seat(group(1), since=at(7, 0)[0]),
        seat(group(1), deleted_at=LONG_AGO),
        seat(group(1, deleted_at=at(-1, 12)[0])),
        seat(group(1), enrolled_at=None),
    ],
    ids=["left before", "comes later", "removed", "group deleted before", "waits"],
)
def test_a_patient_without_a_seat_in_the_week_has_none(held: Seat) -> None:
    assert weeks(held, g1=[at(1)]) == []


def test_a_group_that_is_deleted_within_the_week_counts() -> None:
    [week] = weeks(seat(group(1, deleted_at=at(3)[0])), g1=[at(1)])
    assert week.sessions == (at(1),)


DAYS = st.none() | st.integers(-3, 9)


@dataclass(frozen=True)
class Stay:
    """A seat by the hours of the week in which it is held, and the days of the stay."""

    group: int
    begin: int
    length: int | None
    start: int | None
    end: int | None
    named: bool

    @property
    def seat(self) -> Seat:
        until = None if self.length is None else at(0, self.begin + self.length)[0]
        return seat(
            group(self.group),
            at(0, self.begin)[0],
            until,
            start_date=day(self.start),
            end_date=day(self.end),
            counts_from_start=self.named,
        )

    def covers(self, number: int, hour: int) -> bool:
        return (
            self.group == number
            and (self.named or self.begin <= hour)
            and (self.length is None or hour < self.begin + self.length)
            and (self.start is None or self.start <= hour // 24)
            and (self.end is None or hour // 24 <= self.end)
        )


STAYS = st.builds(
    Stay,
    st.integers(1, 3),
    st.integers(-40, 200),
    st.none() | st.integers(1, 200),
    DAYS,
    DAYS,
    st.booleans(),
)


@given(st.lists(STAYS, max_size=5), st.lists(st.tuples(st.integers(1, 3), st.integers(-48, 210)), max_size=12))
def test_every_session_of_a_week_is_one_at_which_the_patient_is_expected(
    stays: list[Stay], drawn: list[tuple[int, int]]
) -> None:
    sessions: dict[UUID, list[Session]] = {}
    for number, hour in drawn:
        sessions.setdefault(UUID(int=number), []).append(at(0, hour, 2))
    expected = sorted(
        {
            (number, hour)
            for number, hour in drawn
            if -2 < hour < 7 * 24 and any(stay.covers(number, hour) for stay in stays)
        }
    )
    by_group = {group_id: dated(of_group) for group_id, of_group in sessions.items()}
    of_patient = patient_weeks("patient-1", [stay.seat for stay in stays], SUNDAY, by_group, {}, SHIPPED_RULE_SETS)
    assert len(of_patient) <= 1
    if of_patient:
        assert sorted(of_patient[0].sessions) == sorted(at(0, hour, 2) for _, hour in expected)
    else:
        assert not [hour for _, hour in expected if hour >= 0]
