"""Storing locations: rooms follow their site. A location without a valid parent is refused and stays as it was."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from db.connections.engine import Database
from db.connections.roles import Role
from db.registry.locations import StoredLocations, location_update, store_locations
from db.tables import locations
from db.transactions.all_organizations import writing_all
from domain.location_tree import CYCLE, PARENT_REFUSED, PARENT_UNKNOWN
from domain.records import Location
from domain.registry import Outcome, RegistryUpdate
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio

ZONE = "America/Phoenix"
NEW, CHANGED, UNCHANGED = Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED


def site(id: str, name: str, zone: str | None = None, **fields: Any) -> RegistryUpdate:
    defaults = {"name": name, "is_part": False, "parent_id": None, "parent_name": None, "own_time_zone": zone}
    return RegistryUpdate(id, {**defaults, "active": True, **fields})


def room(id: str, parent: str | None, display: str | None = None, zone: str | None = None) -> RegistryUpdate:
    return site(id, f"Room {id}", zone, is_part=True, parent_id=parent, parent_name=display)


async def store(engine: Database, *updates: RegistryUpdate, refused: frozenset[str] = frozenset()) -> StoredLocations:
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        return await store_locations(connection, "org", updates, ZONE, refused)


async def stored_locations(engine: Database) -> dict[str, tuple[str, str | None, str, bool]]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(locations).where(locations.c.organization_id == "org"))
        return {row.id: (row.site, row.room, row.time_zone, row.active) for row in rows}


async def test_rooms_and_wings_follow_an_update_of_their_site(engine: Database) -> None:
    first = await store(engine, room("bed", "wing"), room("wing", "site"), site("site", "North", "America/Denver"))
    assert first.outcomes == [NEW, NEW, NEW]
    assert await stored_locations(engine) == {
        "bed": ("North", "Room bed", "America/Denver", True),
        "wing": ("North", "Room wing", "America/Denver", True),
        "site": ("North", None, "America/Denver", True),
    }
    again = await store(engine, site("site", "Norte", "America/Chicago"))
    assert (again.outcomes, again.followed) == ([CHANGED], 2)
    assert await stored_locations(engine) == {
        "bed": ("Norte", "Room bed", "America/Chicago", True),
        "wing": ("Norte", "Room wing", "America/Chicago", True),
        "site": ("Norte", None, "America/Chicago", True),
    }
    async with engine.connect() as connection:
        texts = await connection.scalars(select(locations.c.search_text).order_by(locations.c.id))
        assert texts.all() == ["norte room bed", "norte", "norte room wing"]


async def test_a_second_run_changes_nothing(engine: Database) -> None:
    updates = [room("r", "site"), room("far", "gone", "South"), site("site", "North")]
    await store(engine, *updates)
    before = await stored_locations(engine)
    again = await store(engine, *updates)
    assert (again.outcomes, again.followed) == ([UNCHANGED] * 3, 0)
    assert await stored_locations(engine) == before


async def test_a_room_follows_a_site_that_is_imported_later(engine: Database) -> None:
    assert (await store(engine, room("r", "site", "As displayed"))).outcomes == [NEW]
    assert (await stored_locations(engine))["r"][0] == "As displayed"
    assert (await store(engine, site("site", "North", "America/Denver"))).followed == 1
    assert (await stored_locations(engine))["r"] == ("North", "Room r", "America/Denver", True)


async def test_cycles_unknown_parents_and_refused_parents_differ(engine: Database) -> None:
    result = await store(
        engine,
        room("a", "b"),
        room("b", "a"),
        room("of-cycle", "a"),
        room("d", "d"),
        room("lost", "gone"),
        room("of-refused", "bad"),
        room("of-lost", "lost"),
        room("displayed", "bad", "North"),
        refused=frozenset({"bad"}),
    )
    assert result.outcomes == [
        CYCLE,
        CYCLE,
        PARENT_REFUSED,
        CYCLE,
        PARENT_UNKNOWN,
        PARENT_REFUSED,
        PARENT_REFUSED,
        NEW,
    ]
    assert set(await stored_locations(engine)) == {"displayed"}


async def test_a_cycle_does_not_change_stored_locations(engine: Database) -> None:
    await store(engine, site("site", "North"), room("a", "site"), room("b", "a"))
    before = await stored_locations(engine)
    result = await store(engine, room("a", "b"), room("c", "a"))
    assert result.outcomes == [CYCLE, NEW]
    assert await stored_locations(engine) == before | {"c": ("North", "Room c", ZONE, True)}


async def test_a_site_without_a_time_zone_gets_the_default(engine: Database) -> None:
    result = await store(engine, site("site", "North"), room("r", "site"), room("own", None, "South", "America/Denver"))
    assert result.defaulted == {"site"}
    assert (await stored_locations(engine))["r"][2] == ZONE


async def test_an_update_without_a_time_zone_keeps_the_stored_one(engine: Database) -> None:
    await store(engine, site("site", "North", "America/Denver"))
    result = await store(engine, RegistryUpdate("site", {"name": "Norte"}))
    assert (result.outcomes, result.defaulted) == ([CHANGED], set())
    assert await stored_locations(engine) == {"site": ("Norte", None, "America/Denver", True)}


async def test_rows_of_an_earlier_release_keep_their_site_and_time_zone(engine: Database) -> None:
    old = {"organization_id": "org", "time_zone": "America/Denver", "search_text": ""}
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        await connection.execute(insert(locations), [old | {"id": "r", "site": "North", "room": "Room 1"}])
    assert (await store(engine, RegistryUpdate("r", {"active": False}))).outcomes == [CHANGED]
    assert await stored_locations(engine) == {"r": ("North", "Room 1", "America/Denver", False)}
    assert (await store(engine, room("r", "gone"))).outcomes == [PARENT_UNKNOWN]
    assert await stored_locations(engine) == {"r": ("North", "Room 1", "America/Denver", False)}


async def test_a_known_location_is_one_update(engine: Database) -> None:
    place = Location("l", "North", "Room 1", "America/Denver", active=False)
    assert (await store(engine, location_update(place))).outcomes == [NEW]
    assert (await store(engine)).outcomes == []
    assert await stored_locations(engine) == {"l": ("North", "Room 1", "America/Denver", False)}
