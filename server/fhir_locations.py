"""Gives rooms their site and time zone: those of the location that they are part of."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from domain.records import Location
from server.fhir import LocationLine, RefusedLine

Resolved: TypeAlias = Location | RefusedLine


def resolve_parts(
    parts: Sequence[LocationLine], stored: Mapping[str, Location], default_time_zone: str
) -> list[Resolved]:
    """Gives for each part, in order, its location, or why it cannot be one.

    The site is the name that the part itself gives its parent, or else the parent's own. The zone is the part's own,
    or else its parent's, or else the default. A parent may be another of the parts, before or after.
    """
    # Where an id comes twice, the last line is what will be stored.
    by_id = {part.id: part for part in parts}
    located: dict[str, Resolved] = {}
    for part in by_id.values():
        _locate_with_parents(part, by_id, stored, default_time_zone, located)
    return [
        located[part.id] if by_id[part.id] is part else _locate(part, _parent(part, located, stored), default_time_zone)
        for part in parts
    ]


def _locate_with_parents(
    part: LocationLine,
    by_id: Mapping[str, LocationLine],
    stored: Mapping[str, Location],
    default_time_zone: str,
    located: dict[str, Resolved],
) -> None:
    # Parents first. Not by recursion: a file may hold a chain of any length, or one that ends in itself.
    chain: dict[str, LocationLine] = {}
    step: LocationLine | None = part
    while step is not None and step.id not in located and step.id not in chain:
        chain[step.id] = step
        step = by_id.get(step.parent_id) if step.parent_id is not None else None
    if step is not None and step.id in chain:
        for link in chain.values():
            located[link.id] = RefusedLine("partOf leads back to the location itself", "Location")
        return
    for link in reversed(chain.values()):
        located[link.id] = _locate(link, _parent(link, located, stored), default_time_zone)


def _parent(part: LocationLine, located: Mapping[str, Resolved], stored: Mapping[str, Location]) -> Location | None:
    if part.parent_id is None:
        return None
    found = located.get(part.parent_id, stored.get(part.parent_id))
    return found if isinstance(found, Location) else None


def _locate(part: LocationLine, parent: Location | None, default_time_zone: str) -> Resolved:
    site = part.parent_name or (parent.site if parent else None)
    if site is None:
        return RefusedLine("partOf has no display and names a location that is neither here nor stored", "Location")
    return Location(part.id, site, part.name, part.time_zone or (parent.time_zone if parent else default_time_zone))
