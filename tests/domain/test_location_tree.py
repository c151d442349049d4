"""Rooms and wings inherit the site and the time zone from the top of the tree."""

from typing import Any

from domain.location_tree import locations_in_cycles, resolve_locations

ZONE = "America/Phoenix"


def site(name: str, zone: str | None = None, parent: str | None = None, **stored: Any) -> dict[str, Any]:
    return {"name": name, "is_part": False, "parent_id": parent, "parent_name": None, "own_time_zone": zone, **stored}


def part(parent: str | None, display: str | None = None, zone: str | None = None, **stored: Any) -> dict[str, Any]:
    return site("Room", zone, parent, **stored) | {"is_part": True, "parent_name": display}


def resolved(facts: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str | None, str] | None]:
    return {
        key: None if place is None else (place["site"], place["room"], place["time_zone"])
        for key, place in resolve_locations(facts, ZONE).items()
    }


def test_a_room_inherits_site_and_time_zone_through_its_wing() -> None:
    facts = {"room": part("wing"), "wing": part("site", "an old name"), "site": site("North", "America/Denver")}
    expected = {
        "room": ("North", "Room", "America/Denver"),
        "wing": ("North", "Room", "America/Denver"),
        "site": ("North", None, "America/Denver"),
    }
    assert resolved(facts) == expected
    assert resolved(dict(reversed(facts.items()))) == expected


def test_a_room_keeps_its_own_time_zone() -> None:
    facts = {"site": site("North", "America/Denver"), "room": part("site", zone="America/Chicago")}
    assert resolved(facts)["room"] == ("North", "Room", "America/Chicago")


def test_a_site_within_a_site_keeps_its_name_and_inherits_the_zone() -> None:
    facts = {"campus": site("Campus", "America/Denver"), "site": site("North", parent="campus")}
    assert resolved(facts)["site"] == ("North", None, "America/Denver")


def test_the_display_replaces_an_unknown_parent() -> None:
    assert resolved({"room": part("gone", "South")}) == {"room": ("South", "Room", ZONE)}


def test_a_part_of_an_unknown_parent_keeps_its_stored_site() -> None:
    assert resolved({"room": part("gone")}) == {"room": None}
    stored = part("gone", site="South", time_zone="America/Denver")
    assert resolved({"room": stored}) == {"room": ("South", "Room", "America/Denver")}


def test_a_part_of_a_cycle_is_not_in_the_cycle_itself() -> None:
    facts = {"a": part("b"), "b": part("a"), "c": part("a"), "d": part("d"), "e": part("c"), "s": site("S")}
    assert locations_in_cycles(facts) == {"a", "b", "d"}


def test_a_chain_of_rooms_may_have_any_length() -> None:
    facts = {"0": site("North"), **{str(number): part(str(number - 1)) for number in range(1, 5000)}}
    backwards = dict(reversed(facts.items()))
    assert locations_in_cycles(backwards) == set()
    assert {place and place[0] for place in resolved(backwards).values()} == {"North"}
