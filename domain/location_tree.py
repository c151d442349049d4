"""Sites, wings and rooms: a part of a location takes its site from the top of the tree, and its zone unless it has one.

A location's facts are what its registry states: `name`, `is_part`, `parent_id`, `parent_name`, `own_time_zone`,
`active`. From them follow what the scheduler uses: `site`, `room`, `time_zone`.
"""

from collections.abc import Mapping
from typing import Any, Final

Facts = Mapping[str, Any]
"""The facts of one location. Where `site` and `time_zone` are among them, it keeps these if its parent is not known."""

CYCLE: Final = "partOf leads back to the location itself"
PARENT_REFUSED: Final = "partOf names a location that was refused, and has no display"
PARENT_UNKNOWN: Final = "partOf has no display and names a location that is neither in the files nor stored"


def locations_in_cycles(facts: Mapping[str, Facts]) -> set[str]:
    """Return the ids of locations that are, by way of others, part of themselves."""
    cyclic: set[str] = set()
    finished: set[str] = set()
    for start in facts:
        path: dict[str, None] = {}
        step: str | None = start
        # Not by recursion: a file may hold a chain of any length.
        while step is not None and step in facts and step not in finished and step not in path:
            path[step] = None
            step = facts[step]["parent_id"]
        if step is not None and step in path:
            ids = list(path)
            cyclic.update(ids[ids.index(step) :])
        finished.update(path)
    return cyclic


def resolve_locations(facts: Mapping[str, Facts], default_time_zone: str) -> dict[str, dict[str, Any] | None]:
    """Return `site`, `room` and `time_zone` by id; None where the site cannot be known.

    Args:
        facts: All locations by id, without cycles.
        default_time_zone: The zone of a site that has none.
    """
    resolved: dict[str, dict[str, Any] | None] = {}
    for start in facts:
        chain: list[str] = []
        step: str | None = start
        while step is not None and step in facts and step not in resolved:
            chain.append(step)
            step = facts[step]["parent_id"]
        # Parents first.
        for key in reversed(chain):
            parent = resolved.get(facts[key]["parent_id"])
            resolved[key] = _resolve(facts[key], parent, default_time_zone)
    return resolved


def _resolve(facts: Facts, parent: Mapping[str, Any] | None, default_time_zone: str) -> dict[str, Any] | None:
    site, room = facts["name"], None
    if facts["is_part"]:
        site, room = parent["site"] if parent else facts["parent_name"] or facts.get("site"), site
        if site is None:
            return None
    zone = facts["own_time_zone"] or (parent["time_zone"] if parent else facts.get("time_zone"))
    return {"site": site, "room": room, "time_zone": zone or default_time_zone}
