"""An update from a registry replaces the stored values, unless these are newer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.registry import FIELD_TIMES, UPDATED_AT, Outcome, RegistryUpdate, apply_update

DEFAULTS = {"born": None, "active": True}
T = datetime(2026, 1, 5, tzinfo=UTC)


def apply(stored: Mapping[str, Any] | None, update: RegistryUpdate) -> tuple[Outcome, Mapping[str, Any] | None]:
    return apply_update(stored, update, "name", DEFAULTS)


def stored(updated_at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "p", "name": "Ada", **DEFAULTS, **fields, UPDATED_AT: updated_at, FIELD_TIMES: None}


def test_a_new_record_has_the_values_of_the_update_and_defaults() -> None:
    outcome, record = apply(None, RegistryUpdate("p", {"name": "Ada", "born": 1980}))
    assert (outcome, record) == (Outcome.NEW, stored(born=1980))


def test_no_record_is_created_without_the_required_field() -> None:
    assert apply(None, RegistryUpdate("p", {"active": False}, T)) == (Outcome.NOT_HELD, None)


def test_a_field_that_an_update_leaves_out_stays() -> None:
    outcome, record = apply(stored(born=1980), RegistryUpdate("p", {"name": "Eva"}))
    assert (outcome, record) == (Outcome.CHANGED, stored(name="Eva", born=1980))


def test_equal_values_at_a_later_time_store_only_the_time() -> None:
    later = T + timedelta(seconds=1)
    update = RegistryUpdate("p", {"name": "Ada", **DEFAULTS}, later)
    assert apply(stored(T), update) == (Outcome.UNCHANGED, stored(later))


def test_an_older_update_changes_nothing() -> None:
    before = stored(T)
    outcome, record = apply(before, RegistryUpdate("p", {"name": "Old"}, T - timedelta(microseconds=1)))
    assert (outcome, record) == (Outcome.OLDER, before)


@pytest.mark.parametrize(("stored_time", "update_time"), [(T, T), (None, T), (T, None), (None, None)])
def test_of_equal_or_unknown_times_the_last_update_wins(
    stored_time: datetime | None, update_time: datetime | None
) -> None:
    outcome, record = apply(stored(stored_time), RegistryUpdate("p", {"name": "Eva"}, update_time))
    assert outcome is Outcome.CHANGED
    assert record is not None
    assert (record["name"], record[UPDATED_AT]) == ("Eva", stored_time or update_time)


def test_an_update_without_a_time_still_blocks_older_updates() -> None:
    _, record = apply(stored(T), RegistryUpdate("p", {"name": "Eva"}))
    assert apply(record, RegistryUpdate("p", {"name": "Old"}, T - timedelta(days=1)))[0] is Outcome.OLDER


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True))
def test_the_newest_complete_update_wins_in_any_order(hours: list[int]) -> None:
    updates = [RegistryUpdate("p", {"name": str(hour), **DEFAULTS}, T + timedelta(hours=hour)) for hour in hours]
    for order in permutations(updates):
        record: Mapping[str, Any] | None = None
        for update in order:
            _, record = apply(record, update)
        assert record is not None
        assert record["name"] == str(max(hours))


def test_each_field_has_the_newest_value_in_any_order() -> None:
    updates = [
        RegistryUpdate("p", {"name": "Ada", "born": 1979, "active": True}, T),
        RegistryUpdate("p", {"name": "Eve", "born": 1980, "active": True}, T + timedelta(hours=1)),
        RegistryUpdate("p", {"name": "Eva"}, T + timedelta(hours=2)),
        RegistryUpdate("p", {"active": False}, T + timedelta(hours=3)),
    ]
    for order in permutations(updates):
        record: Mapping[str, Any] | None = None
        for update in (*order, *order):  # updates that arrived before the record are repeated
            _, record = apply(record, update)
        assert record is not None
        assert (record["name"], record["born"], record["active"]) == ("Eva", 1980, False)
        assert all(apply(record, update)[1] == record for update in updates)


def test_an_earlier_update_fills_fields_that_a_new_record_lacks() -> None:
    _, record = apply(None, RegistryUpdate("p", {"name": "Eva"}, T))
    outcome, record = apply(record, RegistryUpdate("p", {"name": "Ada", "born": 1980}, T - timedelta(days=1)))
    assert outcome is Outcome.CHANGED
    assert record is not None
    assert (record["name"], record["born"], record[UPDATED_AT]) == ("Eva", 1980, T)


def test_an_earlier_update_does_not_restore_a_cleared_field() -> None:
    _, record = apply(None, RegistryUpdate("p", {"name": "Ada", "born": None, "active": True}, T))
    assert apply(record, RegistryUpdate("p", {"name": "Ada", "born": 1980}, T - timedelta(days=1)))[0] is Outcome.OLDER
