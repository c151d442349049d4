"""What is taken of a Location."""

from typing import Any, Final

from domain.texts import shows
from server.fhir.kinds import Kind, Note, referenced_id
from server.fhir.names import LONGEST_NAME
from server.fhir.refusal import RefusedLine, bounded, required
from server.fhir.resources import Location
from server.fhir.time_zones import EXTENSIONS, find_time_zone

_INACTIVE: Final = ("suspended", "inactive")


def location_fields(resource: Location) -> tuple[dict[str, Any], list[Note]]:
    """Return the fields that a Location states, and what there is to say about them. Raise RefusedLine.

    A zone that is not understood is left out, so that a stored one stays.
    """
    subset = resource.meta.is_subset
    fields: dict[str, Any] = {}
    if not subset or resource.states("name"):
        fields["name"] = required(resource.name, "name", LONGEST_NAME)
    if not subset or resource.states("part_of"):
        fields |= _parent(resource)
    zones = [item for item in resource.extension if item.url in EXTENSIONS]
    names = (item.value_code or item.value_string or "" for item in zones)
    zone = next((found for name in names if (found := find_time_zone(name))), None)
    if zone is not None or (not zones and not subset):
        fields["own_time_zone"] = zone
    if resource.status not in (None, "active", *_INACTIVE):
        raise RefusedLine("status is not active, suspended or inactive")
    inactive = is_inactive_status(resource.status)
    if not subset or inactive:
        fields["active"] = not inactive
    return fields, [Note.ZONE_UNKNOWN] if zones and zone is None else []


def is_inactive_status(status: object) -> bool:
    """Return whether a location with this status is out of use."""
    return status in _INACTIVE


def _parent(resource: Location) -> dict[str, Any]:
    parent = resource.part_of
    # A site is a site even where it belongs to a larger one.
    types = {coding.code for coding in resource.physical_type.coding} if resource.physical_type else set()
    display = bounded(parent.display if parent else None, "partOf.display", LONGEST_NAME)
    return {
        "is_part": parent is not None and "si" not in types,
        "parent_id": referenced_id(parent, Kind.LOCATION),
        "parent_name": display if shows(display) else None,
    }
