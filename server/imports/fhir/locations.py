"""The mapping of Location resources."""

from typing import Any, Final

from domain.texts import shows
from server.imports.fhir.references import referenced_id
from server.imports.fhir.resources import FhirLocation
from server.imports.resource_types import ResourceType
from server.imports.results import Note
from server.imports.text_fields import MAX_NAME_LENGTH, InvalidResource, clean_text, require_text
from server.imports.time_zones import EXTENSIONS, find_time_zone

_INACTIVE: Final = ("suspended", "inactive")


def location_fields(resource: FhirLocation) -> tuple[dict[str, Any], list[Note]]:
    """Return the fields that a Location states, and notes for the report. Raise InvalidResource.

    An unknown time zone is omitted, so that a stored one is kept.
    """
    subset = resource.meta.is_subset
    fields: dict[str, Any] = {}
    if not subset or resource.states("name"):
        fields["name"] = require_text(resource.name, "name", MAX_NAME_LENGTH)
    if not subset or resource.states("part_of"):
        fields |= _parent(resource)
    zones = [item for item in resource.extension if item.url in EXTENSIONS]
    names = (item.value_code or item.value_string or "" for item in zones)
    zone = next(filter(None, map(find_time_zone, names)), None)
    if zone is not None or (not zones and not subset):
        fields["own_time_zone"] = zone
    if resource.status not in (None, "active", *_INACTIVE):
        raise InvalidResource("status must be active, suspended or inactive")
    inactive = is_inactive_status(resource.status)
    if not subset or inactive:
        fields["active"] = not inactive
    return fields, [Note.ZONE_UNKNOWN] if zones and zone is None else []


def is_inactive_status(status: object) -> bool:
    """Return whether a location with this status is inactive."""
    return status in _INACTIVE


def _parent(resource: FhirLocation) -> dict[str, Any]:
    parent = resource.part_of
    # A site that is part of a larger site is still a site.
    types = {coding.code for coding in resource.physical_type.coding} if resource.physical_type else set()
    display = clean_text(parent.display if parent else None, "partOf.display", MAX_NAME_LENGTH)
    return {
        "is_part": parent is not None and "si" not in types,
        "parent_id": referenced_id(parent, ResourceType.LOCATION),
        "parent_name": display if shows(display) else None,
    }
