"""Updates of registries: what an update states wins, unless the stored record is newer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.registry import UPDATED_AT, Outcome, RegistryUpdate, apply_update

DEFAULTS = {"born": None, "active": True}
T = datetime(2026, 1, 5, tzinfo=UTC)


def apply(stored: Mapping[str, Any] | None, update: RegistryUpdate) -> tuple[Outcome, Mapping[str, Any] | None]:
    return apply_update(stored, update, "name", DEFAULTS)


def stored(updated_at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "p", "name": "Ada", **DEFAULTS, **fields, UPDATED_AT: updated_at}


def test_a_new_record_has_what_is_stated_and_the_defaults() -> None:
    outcome, record = apply(None, RegistryUpdate("p", {"name": "Ada", "born": 1980}, T))
    assert (outcome, record) == (Outcome.NEW, stored(T, born=1980))


def test_no_record_is_created_without_what_it_needs() -> None:
    assert apply(None, RegistryUpdate("p", {"active": False}, T)) == (Outcome.NOT_HELD, None)


def test_what_is_not_stated_stays() -> None:
    outcome, record = apply(stored(born=1980), RegistryUpdate("p", {"name": "Eva"}))
    assert (outcome, record) == (Outcome.CHANGED, stored(name="Eva", born=1980))


def test_the_same_facts_at_a_later_time_are_no_change_and_keep_that_time() -> None:
    later = T + timedelta(seconds=1)
    assert apply(stored(T), RegistryUpdate("p", {"name": "Ada"}, later)) == (Outcome.UNCHANGED, stored(later))


def test_an_older_update_changes_nothing() -> None:
    before = stored(T)
    outcome, record = apply(before, RegistryUpdate("p", {"name": "Old"}, T - timedelta(microseconds=1)))
    assert (outcome, record) == (Outcome.OLDER, before)


@pytest.mark.parametrize(("known", "stated"), [(T, T), (None, T), (T, None), (None, None)])
def test_of_equal_or_unknown_times_the_last_update_wins(known: datetime | None, stated: datetime | None) -> None:
    outcome, record = apply(stored(known), RegistryUpdate("p", {"name": "Eva"}, stated))
    assert (outcome, record) == (Outcome.CHANGED, stored(known or stated, name="Eva"))


def test_an_update_without_a_time_lets_no_older_one_in() -> None:
    _, record = apply(stored(T), RegistryUpdate("p", {"name": "Eva"}))
    assert apply(record, RegistryUpdate("p", {"name": "Old"}, T - timedelta(days=1)))[0] is Outcome.OLDER


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True))
def test_the_newest_of_whole_updates_wins_in_any_order(hours: list[int]) -> None:
    updates = [RegistryUpdate("p", {"name": str(hour), **DEFAULTS}, T + timedelta(hours=hour)) for hour in hours]
    for order in permutations(updates):
        record: Mapping[str, Any] | None = None
        for update in order:
            _, record = apply(record, update)
        assert record is not None
        assert record["name"] == str(max(hours))
