"""Patients' weeks: what is over, what is still to come, and the outlook."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.compliance import ComplianceStatus
from domain.patient_compliance import ComplianceOutlook, PatientCompliance, PatientWeek, patient_compliance
from domain.records import Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.rule_sets import ComplianceRuleSet
from domain.wall_time import instant
from domain.weeks import Session

SUNDAY = date(2027, 1, 10)
PHOENIX = "America/Phoenix"
IOP = SHIPPED_RULE_SETS.of(Program.IOP, None)
HOURS_ONLY = SHIPPED_RULE_SETS.of(Program.IOP, "medicare-iop")
MIDNIGHT = instant(SUNDAY, time(), PHOENIX)


def session(weekday: int, hours: float = 3, hour: int = 9) -> Session:
    start = MIDNIGHT + timedelta(days=weekday, hours=hour)
    return start, start + timedelta(hours=hours)


def week(*sessions: Session, rules: ComplianceRuleSet = IOP, **values: Any) -> PatientWeek:
    empty = PatientWeek("patient-1", rules, SUNDAY, PHOENIX, (), group_size=0, groups=(), is_partial=False)
    return replace(empty, sessions=sessions, **values)


def outlook_at(moment: datetime, *sessions: Session, rules: ComplianceRuleSet = IOP) -> str:
    return patient_compliance(week(*sessions, rules=rules), moment).outlook.value


def noon(weekday: int) -> datetime:
    return MIDNIGHT + timedelta(days=weekday, hours=12)


def test_hours_that_are_over_suffice() -> None:
    sessions = [session(day) for day in (1, 2, 3, 4)]
    assert outlook_at(noon(3), *sessions) == "MET"
    assert outlook_at(noon(3) - timedelta(seconds=1), *sessions) == "ON_TRACK"


def test_a_week_is_on_track_if_any_remaining_session_may_be_lost() -> None:
    assert outlook_at(noon(0), *(session(day) for day in (1, 2, 3, 4))) == "ON_TRACK"


def test_a_week_is_at_risk_if_every_remaining_session_is_needed() -> None:
    assert outlook_at(noon(1), *(session(day) for day in (1, 3, 5))) == "AT_RISK"


def test_a_week_that_is_too_short_cannot_be_met() -> None:
    assert outlook_at(noon(0), session(1), session(3)) == "CANNOT_BE_MET"
    assert outlook_at(noon(6), session(1), session(3)) == "CANNOT_BE_MET"
    assert outlook_at(noon(0)) == "CANNOT_BE_MET"


def test_a_session_in_progress_is_still_to_come() -> None:
    result = patient_compliance(week(session(1), session(3), session(5)), MIDNIGHT + timedelta(days=3, hours=11))
    assert (result.hours, result.hours_past, result.outlook.value) == (9.0, 3.0, "AT_RISK")


def test_the_size_of_a_group_is_a_gap_but_not_in_the_outlook() -> None:
    rules = SHIPPED_RULE_SETS.of(Program.IOP, "ahcccs-s9480")
    result = patient_compliance(week(*(session(day) for day in (1, 3, 5)), rules=rules, group_size=12), noon(6))
    assert [gap.message for gap in result.gaps] == ["12 enrolled, at most 8"]
    assert (result.status, result.outlook) == (ComplianceStatus.NON_COMPLIANT, ComplianceOutlook.MET)


def test_a_partial_week_is_measured_and_said() -> None:
    result = patient_compliance(week(session(3), session(5), is_partial=True), noon(0))
    assert (result.partial_week, result.outlook.value, result.hours) == (True, "CANNOT_BE_MET", 6.0)
    assert [gap.message for gap in result.gaps] == ["Need 3 more hours/week", "Need 1 more day/week"]
    assert result.hours_missing == 3.0


@pytest.mark.parametrize(("rules", "missing"), [("medicare-iop", 6.0), ("ahcccs-h0015", 0.0), ("asam-2.1-adult", 6.0)])
def test_missing_hours_are_those_of_the_minimum(rules: str, missing: float) -> None:
    result = patient_compliance(week(session(1), rules=SHIPPED_RULE_SETS.of(Program.IOP, rules)), noon(0))
    assert (result.hours_missing, result.program) == (missing, Program.IOP)


SESSIONS = st.lists(
    st.builds(session, st.integers(0, 6), st.sampled_from([0.5, 1, 2, 3, 4]), st.integers(6, 18)), max_size=8
).map(tuple)
MOMENTS = st.integers(-1, 8 * 24 * 2).map(lambda halves: MIDNIGHT + timedelta(minutes=30 * halves))
RULES = st.sampled_from(list(SHIPPED_RULE_SETS))


def half_hours(*sessions: Session) -> set[int]:
    """Return the half hours of the week with a session."""
    return {
        half
        for start, end in sessions
        for half in range(
            int((start - MIDNIGHT) / timedelta(minutes=30)), int((end - MIDNIGHT) / timedelta(minutes=30))
        )
    }


@given(SESSIONS, MOMENTS)
def test_an_outlook_equals_its_definition_for_weekly_hours(sessions: tuple[Session, ...], now: datetime) -> None:
    def enough(*held: Session) -> bool:
        return len(half_hours(*held)) >= 18

    remaining = [number for number, (_, end) in enumerate(sessions) if end > now]
    if enough(*(held for held in sessions if held[1] <= now)):
        expected = "MET"
    elif not enough(*sessions):
        expected = "CANNOT_BE_MET"
    elif all(enough(*sessions[:lost], *sessions[lost + 1 :]) for lost in remaining):
        expected = "ON_TRACK"
    else:
        expected = "AT_RISK"
    result = patient_compliance(week(*sessions, rules=HOURS_ONLY), now)
    assert result.outlook.value == expected
    assert result.hours_past == len(half_hours(*(held for held in sessions if held[1] <= now))) / 2
    assert result.hours == len(half_hours(*sessions)) / 2


@given(SESSIONS, MOMENTS, MOMENTS, RULES)
def test_hours_past_grow_with_time_up_to_the_hours(
    sessions: tuple[Session, ...], now: datetime, later: datetime, rules: ComplianceRuleSet
) -> None:
    first, second = sorted([now, later])
    before, after = (patient_compliance(week(*sessions, rules=rules), moment) for moment in (first, second))
    assert before.hours_past <= after.hours_past <= after.hours == before.hours
    assert before == replace(after, hours_past=before.hours_past, outlook=before.outlook)


@given(SESSIONS, RULES)
def test_a_week_that_is_over_is_met_or_not(sessions: tuple[Session, ...], rules: ComplianceRuleSet) -> None:
    result = patient_compliance(week(*sessions, rules=rules), MIDNIGHT + timedelta(days=9))
    met = ComplianceOutlook.MET if result.status is ComplianceStatus.COMPLIANT else ComplianceOutlook.CANNOT_BE_MET
    assert (result.outlook, result.hours_past) == (met, result.hours)


@given(SESSIONS, MOMENTS, RULES)
def test_what_is_on_track_or_at_risk_is_compliant_and_not_met_yet(
    sessions: tuple[Session, ...], now: datetime, rules: ComplianceRuleSet
) -> None:
    result = patient_compliance(week(*sessions, rules=rules), now)
    if result.outlook in {ComplianceOutlook.ON_TRACK, ComplianceOutlook.AT_RISK}:
        assert result.status is ComplianceStatus.COMPLIANT
    if result.outlook is ComplianceOutlook.CANNOT_BE_MET:
        assert result.status is ComplianceStatus.NON_COMPLIANT


@given(SESSIONS.filter(bool), MOMENTS, RULES, st.randoms(use_true_random=False))
def test_neither_order_nor_a_twin_session_changes_hours(
    sessions: tuple[Session, ...], now: datetime, rules: ComplianceRuleSet, random: Any
) -> None:
    shuffled = [*sessions, random.choice(sessions)]
    random.shuffle(shuffled)

    def of(result: PatientCompliance) -> tuple[object, ...]:
        return result.hours, result.hours_past, result.days, result.gaps, result.requirements

    first, second = (patient_compliance(week(*each, rules=rules), now) for each in (sessions, shuffled))
    assert of(first) == of(second)
