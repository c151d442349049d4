"""The tree of sites, wings and rooms. A part of a location inherits the site, and the time zone unless it has its own.

The facts of a location come from its registry: `name`, `is_part`, `parent_id`, `parent_name`, `own_time_zone`,
`active`. The scheduler uses values derived from them: `site`, `room`, `time_zone`.
"""

from collections.abc import Mapping
from typing import Any, Final

Facts = Mapping[str, Any]
"""The facts of one location. If they include `site` and `time_zone`, these are used when the parent is unknown."""

CYCLE: Final = "partOf leads back to the location itself"
PARENT_REFUSED: Final = "partOf names a location that was refused, and has no display"
PARENT_UNKNOWN: Final = "partOf has no display and names a location that is neither in the files nor stored"


def locations_in_cycles(facts: Mapping[str, Facts]) -> set[str]:
    """Return the ids of locations that are part of themselves, directly or through other locations."""
    cyclic: set[str] = set()
    finished: set[str] = set()
    for start in facts:
        path: dict[str, None] = {}
        step: str | None = start
        # No recursion: a file may contain a chain of any length.
        while step is not None and step in facts and step not in finished and step not in path:
            path[step] = None
            step = facts[step]["parent_id"]
        if step is not None and step in path:
            ids = list(path)
            cyclic.update(ids[ids.index(step) :])
        finished.update(path)
    return cyclic


def resolve_locations(facts: Mapping[str, Facts], default_time_zone: str) -> dict[str, dict[str, Any] | None]:
    """Return `site`, `room` and `time_zone` by id; None if the site is unknown.

    Args:
        facts: All locations by id, without cycles.
        default_time_zone: The time zone of a site without one.
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
