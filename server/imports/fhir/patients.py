"""The mapping of Patient resources."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from server.imports.dates import birth_date
from server.imports.fhir.identifiers import record_number
from server.imports.fhir.names import display_name, preferred_name
from server.imports.fhir.references import referenced_id
from server.imports.fhir.resources import FhirPatient, parse
from server.imports.resource_types import ResourceType
from server.imports.results import Note
from server.imports.text_fields import InvalidResource

_STATUS_FIELDS: Final = ("active", "deceasedBoolean", "deceasedDateTime", "_deceasedDateTime")


def patient_fields(
    resource: FhirPatient, identifier_system: str | None, today: date
) -> tuple[dict[str, Any], list[Note]]:
    """Return the fields that a Patient states, and notes for the report. Raise InvalidResource.

    A subset (an incomplete resource) can make a patient inactive but not active, because the fields that it omits may
    include the reason for inactivity.
    """
    subset = resource.meta.is_subset
    notes: list[Note] = []
    fields: dict[str, Any] = {}
    if not subset or resource.states("name"):
        fields["display_name"] = display_name(resource.name, today)
    preferred = preferred_name(resource.name, today)
    if preferred is not None or not subset:
        fields["preferred_name"] = preferred
    number = record_number(resource.identifier, identifier_system, today)
    if number is not None or not subset:
        fields["medical_record_number"] = number or resource.id
    if number is None and not subset:
        notes.append(Note.RECORD_NUMBER_IS_ID)
    born = birth_date(resource.birth_date, today)
    if born is not None or not subset:
        fields["birth_date"] = born
    if is_inactive(resource):
        fields["active"] = False
    elif not subset:
        fields["active"] = True
    survivor = _survivor(resource)
    if survivor is not None or not subset:
        fields["replaced_by"] = survivor
    if survivor is None and is_merged(resource):
        notes.append(Note.SURVIVOR_UNKNOWN)
    return fields, notes


def inactive_patient_fields(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the status fields of an invalid Patient that is clearly inactive, or None if it is not."""
    fields: dict[str, Any] = {}
    for part in _status_parts(value):
        try:
            resource = parse(FhirPatient, {"id": value["id"], **part})
        except InvalidResource:
            continue
        if is_inactive(resource):
            fields["active"] = False
        if (survivor := _survivor(resource)) is not None:
            fields.setdefault("replaced_by", survivor)
    return fields or None


def _status_parts(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the status fields one by one, so that an invalid one does not affect the others."""
    yield from ({name: value[name]} for name in _STATUS_FIELDS if name in value)
    links = value.get("link")
    yield from ({"link": [link]} for link in (links if isinstance(links, list) else ()))


def is_inactive(resource: FhirPatient) -> bool:
    """Return whether the patient is deactivated, deceased, or merged into another record."""
    return (
        resource.active is False
        or resource.deceased_boolean is True
        or resource.states("deceased_date_time", "deceased_date_time_missing")
        or is_merged(resource)
    )


def is_merged(resource: FhirPatient) -> bool:
    """Return whether another record has replaced this one."""
    return any(link.type == "replaced-by" for link in resource.link)


def _survivor(resource: FhirPatient) -> str | None:
    others = (referenced_id(link.other, ResourceType.PATIENT) for link in resource.link if link.type == "replaced-by")
    return next((other for other in others if other is not None and other != resource.id), None)
