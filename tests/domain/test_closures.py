"""Which places a closure closes, on which days, and the rules for a closure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import closures as rules
from domain.closures import MAX_DAYS, ClosureDraft, PlacedClosure, closed_days
from domain.records import Closure, Location
from domain.references import References
from domain.refusal import Refusal

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
ID = UUID("01930000-0000-7000-8000-000000000000")
DAY = date(2026, 12, 24)
SITE, ROOM, OTHER_ROOM, ELSEWHERE = (
    Location("site", "Phoenix", None, "America/Phoenix", True),
    Location("room", "Phoenix", "Room 1", "America/Phoenix", True),
    Location("other", "Phoenix", "Room 2", "America/Phoenix", False),
    Location("tempe", "Tempe", None, "America/Phoenix", True),
)
PLACES = [SITE, ROOM, OTHER_ROOM, ELSEWHERE, None]
REFERENCES = References(frozenset(), {"site": SITE})


def placed(location: Location | None, from_date: date = DAY, through_date: date = DAY) -> PlacedClosure:
    location_id = location.id if location else None
    return PlacedClosure(Closure(ID, "Holiday", from_date, through_date, location_id, 1, NOW, NOW, None), location)


@pytest.mark.parametrize(
    ("location", "closed"),
    [
        (None, PLACES),
        (SITE, [SITE, ROOM, OTHER_ROOM]),
        (ROOM, [ROOM]),
        (OTHER_ROOM, [OTHER_ROOM]),
        (ELSEWHERE, [ELSEWHERE]),
    ],
)
def test_a_closure_closes_its_place(location: Location | None, closed: list[Location | None]) -> None:
    assert [place for place in PLACES if placed(location).closes(place)] == closed


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
windows = st.tuples(days, days).map(sorted)
closures = st.lists(
    st.builds(
        lambda place, first, length: placed(place, first, first + timedelta(days=length)),
        st.sampled_from(PLACES),
        days,
        st.integers(0, MAX_DAYS - 1),
    ),
    max_size=5,
)


@given(closures, st.sampled_from(PLACES), windows)
def test_the_closed_days_are_those_that_a_closure_covers(
    all_closures: list[PlacedClosure], location: Location | None, window: list[date]
) -> None:
    first, last = window
    expected = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        covering = [
            one.closure
            for one in all_closures
            if one.closure.from_date <= day <= one.closure.through_date and one.closes(location)
        ]
        if covering:
            expected[day] = covering
    assert list(closed_days(all_closures, location, first, last).items()) == list(expected.items())


def draft(**values: object) -> ClosureDraft:
    return replace(ClosureDraft("Holiday", DAY, DAY, None), **values)  # type: ignore[arg-type]


def faults_of(refused: ClosureDraft) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as refusal:
        rules.create(refused, REFERENCES, ID, NOW)
    return [(fault.code.value, (fault.field or ())[-1]) for fault in refusal.value.faults]


def test_all_faults_of_a_closure_are_reported_at_once() -> None:
    assert faults_of(draft(name=" ", from_date=date(1999, 12, 31), through_date=None, location_id="nowhere")) == [
        ("REQUIRED", "name"),
        ("OUT_OF_RANGE", "from"),
        ("REQUIRED", "through"),
        ("NOT_FOUND", "locationId"),
    ]
    assert faults_of(draft(name="x" * 201, through_date=DAY - timedelta(days=1))) == [
        ("OUT_OF_RANGE", "name"),
        ("OUT_OF_RANGE", "through"),
    ]


def test_a_closure_lasts_at_most_a_year() -> None:
    longest = DAY + timedelta(days=MAX_DAYS - 1)
    change = rules.create(draft(through_date=longest), REFERENCES, ID, NOW)
    assert (change.closure.from_date, change.closure.through_date) == (DAY, longest)
    assert faults_of(draft(through_date=longest + timedelta(days=1))) == [("OUT_OF_RANGE", "through")]


def test_an_edit_keeps_what_it_leaves_out() -> None:
    created = rules.create(draft(name=" Flood ", location_id="site"), REFERENCES, ID, NOW).closure
    later = NOW + timedelta(hours=1)
    edited = rules.edit(created, {"location_id": None}, REFERENCES, later)
    assert edited.closure == replace(created, location_id=None, version=2, updated_at=later)
    assert list(edited.history[0].changes) == [{"field": "location_id", "before": "site", "after": None}]
    assert rules.edit(created, {"name": "Flood"}, REFERENCES, later) == rules.ClosureChange(created, ())


def test_a_fault_of_both_days_is_at_the_edited_one() -> None:
    created = rules.create(draft(), REFERENCES, ID, NOW).closure
    later, earlier = DAY + timedelta(days=1), DAY - timedelta(days=1)
    for edits, field in (
        ({"from_date": later}, "from"),
        ({"through_date": earlier}, "through"),
        ({"from_date": later, "through_date": earlier}, "through"),
    ):
        with pytest.raises(Refusal) as refusal:
            rules.edit(created, edits, REFERENCES, NOW)
        assert [fault.field for fault in refusal.value.faults] == [("input", field)]


def test_a_deleted_closure_stays_stored_with_its_history() -> None:
    created = rules.create(draft(), REFERENCES, ID, NOW).closure
    deleted = rules.delete(created, NOW)
    assert deleted.closure == replace(created, deleted_at=NOW, version=2)
    assert [(entry.action, entry.changes[0]["field"]) for entry in deleted.history] == [("deleted", "deleted_at")]
