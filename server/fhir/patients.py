"""What is taken of a Patient."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from server.fhir.dates import birth_date
from server.fhir.identifiers import record_number
from server.fhir.kinds import Kind, Note, referenced_id
from server.fhir.names import written_name
from server.fhir.refusal import RefusedLine
from server.fhir.resources import Patient, parse

_STATUS: Final = ("active", "deceasedBoolean", "deceasedDateTime", "_deceasedDateTime")


def patient_fields(resource: Patient, identifier_system: str | None, today: date) -> tuple[dict[str, Any], list[Note]]:
    """Return the fields that a Patient states, and what there is to say about them. Raise RefusedLine.

    A subset states what it has; of the status only that the patient is inactive, for what it leaves out may be why.
    """
    subset = resource.meta.is_subset
    notes: list[Note] = []
    fields: dict[str, Any] = {}
    if not subset or resource.states("name"):
        fields["display_name"] = written_name(resource.name, today)
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
    """Return the fields of a Patient that has faults but is clearly inactive, None where it is not."""
    fields: dict[str, Any] = {}
    for part in _status_parts(value):
        try:
            resource = parse(Patient, {"id": value["id"], **part})
        except RefusedLine:
            continue
        if is_inactive(resource):
            fields["active"] = False
        if (survivor := _survivor(resource)) is not None:
            fields.setdefault("replaced_by", survivor)
    return fields or None


def _status_parts(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what says whether a patient is active, piece by piece, so that a fault in one spoils no other."""
    yield from ({name: value[name]} for name in _STATUS if name in value)
    links = value.get("link")
    yield from ({"link": [link]} for link in (links if isinstance(links, list) else ()))


def is_inactive(resource: Patient) -> bool:
    """Return whether the patient is deactivated, deceased, or merged into another record."""
    return (
        resource.active is False
        or resource.deceased_boolean is True
        or resource.states("deceased_date_time", "deceased_date_time_missing")
        or is_merged(resource)
    )


def is_merged(resource: Patient) -> bool:
    """Return whether another record has replaced this one."""
    return any(link.type == "replaced-by" for link in resource.link)


def _survivor(resource: Patient) -> str | None:
    others = (referenced_id(link.other, Kind.PATIENT) for link in resource.link if link.type == "replaced-by")
    return next((other for other in others if other is not None and other != resource.id), None)
