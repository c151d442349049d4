"""Stores updates of locations. It resolves the whole tree at once, so that rooms follow their sites."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.rows import load_rows, lock_imports, upsert_rows
from db.tables import locations
from domain.location_tree import (
    CYCLE,
    PARENT_REFUSED,
    PARENT_UNKNOWN,
    locations_in_cycles,
    resolve_locations,
)
from domain.records import Location
from domain.registry import FIELD_TIMES, UPDATED_AT, Outcome, RegistryUpdate, apply_update
from domain.search_text import search_text

_STORED: Final = ("active", "parent_id", "parent_name", "own_time_zone", UPDATED_AT, FIELD_TIMES)
_RESOLVED: Final = ("site", "room", "time_zone")
_DEFAULTS: Final[Mapping[str, Any]] = {
    "is_part": False,
    "parent_id": None,
    "parent_name": None,
    "own_time_zone": None,
    "active": True,
}

_APPLIED: Final = frozenset({Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED})

_Facts = Mapping[str, Any]


@dataclass(slots=True)
class StoredLocations:
    """The result of a list of updates.

    Attributes:
        outcomes: The outcome of each update, in order, or the reason why it was refused.
        defaulted: The ids of imported sites without a time zone, which got the default one.
        followed: The number of locations that changed because the location that they are part of changed.
    """

    outcomes: list[Outcome | str] = field(default_factory=list)
    defaulted: set[str] = field(default_factory=set)
    followed: int = 0


def location_update(location: Location) -> RegistryUpdate:
    """Return the update that sets every field of a location. A room is part of a site without a record."""
    fields: dict[str, Any] = {
        "name": location.room or location.site,
        "own_time_zone": location.time_zone,
        "active": location.active,
    }
    if location.room is not None:
        fields |= {"is_part": True, "parent_name": location.site}
    return RegistryUpdate(location.id, {**_DEFAULTS, **fields})


async def store_locations(
    connection: AsyncConnection,
    organization_id: str,
    updates: Sequence[RegistryUpdate],
    default_time_zone: str,
    refused: AbstractSet[str] = frozenset(),
) -> StoredLocations:
    """Store updates of locations in the caller's transaction.

    Args:
        connection: A connection that may write.
        organization_id: The organization.
        updates: The updates. They may refer to each other as parents, in any order.
        default_time_zone: The time zone of a site that has none.
        refused: The ids of locations that were refused before. They are not reported as unknown parents.
    """
    if not updates:
        return StoredLocations()
    await lock_imports(connection)
    rows = await load_rows(connection, organization_id, locations, ("id", *_RESOLVED, *_STORED))
    result, changed_rows = apply_location_updates(rows, updates, default_time_zone, refused)
    await upsert_rows(connection, organization_id, locations, changed_rows)
    return result


def apply_location_updates(
    rows: Mapping[str, _Facts],
    updates: Sequence[RegistryUpdate],
    default_time_zone: str,
    refused: AbstractSet[str] = frozenset(),
) -> tuple[StoredLocations, list[dict[str, Any]]]:
    """Return the result of the updates and the rows to store. `rows` has all stored rows of the organization by id."""
    stored = {key: _facts_of(row) for key, row in rows.items()}
    facts, outcomes = _apply(stored, updates)
    resolved, faults = _resolve(facts, stored, default_time_zone, refused)
    result = StoredLocations()
    for update, outcome in zip(updates, outcomes, strict=True):
        applied = outcome in _APPLIED
        result.outcomes.append(faults.get(update.id, outcome) if applied else outcome)
        if applied and update.id in resolved and _has_default_zone(facts, update):
            result.defaulted.add(update.id)
    changed_rows = [
        row
        for key, place in sorted(resolved.items())
        if (row := {"id": key, **place, **{name: facts[key][name] for name in _STORED}}) != rows.get(key)
    ]
    result.followed = _count_followers(rows, changed_rows, zip(updates, result.outcomes, strict=True))
    return result, [{**row, "search_text": search_text(row["site"], row["room"])} for row in changed_rows]


def _count_followers(
    stored: Mapping[str, _Facts],
    changed_rows: Sequence[_Facts],
    outcomes: Iterable[tuple[RegistryUpdate, Outcome | str]],
) -> int:
    """Return how many locations have another site, room or time zone without an update of their own."""
    ids_with_update = {update.id for update, outcome in outcomes if outcome in {Outcome.NEW, Outcome.CHANGED}}
    return sum(
        row["id"] in stored
        and row["id"] not in ids_with_update
        and any(stored[row["id"]][name] != row[name] for name in _RESOLVED)
        for row in changed_rows
    )


def _facts_of(row: Mapping[str, Any]) -> _Facts:
    return {**row, "name": row["room"] or row["site"], "is_part": row["room"] is not None}


def _apply(stored: Mapping[str, _Facts], updates: Sequence[RegistryUpdate]) -> tuple[dict[str, _Facts], list[Outcome]]:
    facts = dict(stored)
    outcomes = []
    for update in updates:
        outcome, record = apply_update(facts.get(update.id), update, "name", _DEFAULTS)
        outcomes.append(outcome)
        if record is not None:
            facts[update.id] = record
        if outcome in _APPLIED and "own_time_zone" in update.fields:
            # The update has the whole location, so earlier results of resolving it are outdated.
            facts[update.id] = {name: value for name, value in facts[update.id].items() if name not in _RESOLVED}
    return facts, outcomes


def _resolve(
    facts: dict[str, _Facts], stored: Mapping[str, _Facts], default_time_zone: str, refused: AbstractSet[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Resolve the tree. Reset locations that cannot be resolved to their stored facts, until the rest can be."""
    faults: dict[str, str] = {}
    while True:
        # Stored locations have no cycles, so each cycle includes an update that is not reset yet.
        unresolvable = {key: CYCLE for key in locations_in_cycles(facts) if facts[key] is not stored.get(key)}
        resolved = {} if unresolvable else resolve_locations(facts, default_time_zone)
        unresolved = {key for key, place in resolved.items() if place is None}
        refused_now = refused | faults.keys() | unresolved
        for key in unresolved:
            unresolvable[key] = PARENT_REFUSED if facts[key]["parent_id"] in refused_now else PARENT_UNKNOWN
        if not unresolvable:
            return {key: place for key, place in resolved.items() if place is not None}, faults
        faults |= unresolvable
        for key in unresolvable:
            if key in stored:
                facts[key] = stored[key]
            else:
                del facts[key]


def _has_default_zone(facts: Mapping[str, _Facts], update: RegistryUpdate) -> bool:
    place = facts[update.id]
    return place["own_time_zone"] is None and "time_zone" not in place and place["parent_id"] not in facts
