"""Rooms and wings: site and zone come from the top of the tree, whatever its shape."""

from typing import Any

from domain.location_tree import locations_in_cycles, resolve_locations

ZONE = "America/Phoenix"


def site(name: str, zone: str | None = None, parent: str | None = None, **kept: Any) -> dict[str, Any]:
    return {"name": name, "is_part": False, "parent_id": parent, "parent_name": None, "own_time_zone": zone, **kept}


def part(parent: str | None, display: str | None = None, zone: str | None = None, **kept: Any) -> dict[str, Any]:
    return site("Room", zone, parent, **kept) | {"is_part": True, "parent_name": display}


def resolved(facts: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str | None, str] | None]:
    found = resolve_locations(facts, ZONE)
    return {
        key: None if place is None else (place["site"], place["room"], place["time_zone"])
        for key, place in found.items()
    }


def test_a_room_takes_site_and_zone_through_its_wing_in_any_order() -> None:
    facts = {"room": part("wing"), "wing": part("site", "an old name"), "site": site("North", "America/Denver")}
    expected = {
        "room": ("North", "Room", "America/Denver"),
        "wing": ("North", "Room", "America/Denver"),
        "site": ("North", None, "America/Denver"),
    }
    assert resolved(facts) == expected
    assert resolved(dict(reversed(facts.items()))) == expected


def test_a_room_keeps_a_zone_of_its_own() -> None:
    facts = {"site": site("North", "America/Denver"), "room": part("site", zone="America/Chicago")}
    assert resolved(facts)["room"] == ("North", "Room", "America/Chicago")


def test_a_site_within_a_site_keeps_its_name_and_takes_the_zone() -> None:
    facts = {"campus": site("Campus", "America/Denver"), "site": site("North", parent="campus")}
    assert resolved(facts)["site"] == ("North", None, "America/Denver")


def test_the_display_stands_for_a_parent_that_is_not_known() -> None:
    assert resolved({"room": part("gone", "South")}) == {"room": ("South", "Room", ZONE)}


def test_a_part_of_nothing_known_has_no_site_unless_it_had_one() -> None:
    assert resolved({"room": part("gone")}) == {"room": None}
    kept = part("gone", site="South", time_zone="America/Denver")
    assert resolved({"room": kept}) == {"room": ("South", "Room", "America/Denver")}


def test_cycles_are_found_and_what_hangs_on_them_is_not_in_them() -> None:
    facts = {"a": part("b"), "b": part("a"), "c": part("a"), "d": part("d"), "e": part("c"), "s": site("S")}
    assert locations_in_cycles(facts) == {"a", "b", "d"}


def test_a_long_chain_of_rooms_is_followed() -> None:
    facts = {"0": site("North"), **{str(number): part(str(number - 1)) for number in range(1, 5000)}}
    backwards = dict(reversed(facts.items()))
    assert locations_in_cycles(backwards) == set()
    assert {place and place[0] for place in resolved(backwards).values()} == {"North"}
