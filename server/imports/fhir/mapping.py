"""Maps the items of a file to updates of records, with only the fields that scheduling needs."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.registry import RegistryUpdate
from server.imports.dates import past_instant
from server.imports.fhir.items import Deletion, Empty, Unreadable, last_updated
from server.imports.fhir.locations import is_inactive_status, location_fields
from server.imports.fhir.patients import inactive_patient_fields, patient_fields
from server.imports.fhir.references import parse_reference
from server.imports.fhir.resource_types import FHIR_TYPES
from server.imports.fhir.resources import (
    FhirLocation,
    FhirPatient,
    FhirPractitioner,
    FhirPractitionerRole,
    Resource,
    parse,
)
from server.imports.fhir.staff import ended_role_fields, practitioner_fields, role_fields
from server.imports.resource_types import ACTIVE_FIELDS, ResourceType
from server.imports.results import Mapped, Note, RefusedItem, Result, Skipped
from server.imports.text_fields import INVALID_ID, InvalidResource, is_fhir_id


@dataclass(frozen=True, slots=True)
class Mapper:
    """Maps items to updates of records.

    Attributes:
        now: The current time.
        today: The current date in the organization's time zone.
        identifier_system: The identifier system of record numbers; None decides by the type of the identifiers.
    """

    now: datetime
    today: date
    identifier_system: str | None = None

    def map(self, content: Any) -> Result:
        """Map the content of an item."""
        match content:
            case Empty():
                return Skipped("Bundle entries without a resource")
            case Deletion():
                return self._deletion(content)
            case {"resourceType": str(name)}:
                return self._resource(name, content)
            case {"resourceType": _}:
                reason = "resourceType has the wrong type"
            case dict():
                reason = "resourceType is missing"
            case Unreadable():
                reason = content.reason
            case _:
                reason = "the resource is not a JSON object"
        return RefusedItem(reason, hides_resources=True)

    def _resource(self, name: str, value: dict[str, Any]) -> Result:
        if name not in FHIR_TYPES:
            # The message does not quote the value, because a file that is not FHIR may contain personal data here.
            return RefusedItem("resourceType is not a FHIR resource type", hides_resources=True)
        if name not in set(ResourceType):
            return Skipped(name)
        resource_type = ResourceType(name)
        raw_id = value.get("id")
        valid_id = raw_id if isinstance(raw_id, str) and is_fhir_id(raw_id) else None
        updated_at, time_notes = self._updated_at(value)
        try:
            fields, notes = self._fields(resource_type, value)
        except InvalidResource as error:
            status = self._inactive_status(resource_type, value) if valid_id else None
            if valid_id is None or status is None:
                return RefusedItem(error.reason, resource_type, valid_id, hides_resources=valid_id is None)
            return Mapped(resource_type, RegistryUpdate(valid_id, status, updated_at), (), error.reason)
        return Mapped(resource_type, RegistryUpdate(value["id"], fields, updated_at), (*time_notes, *notes))

    def _fields(self, resource_type: ResourceType, value: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
        if isinstance(value.get("id"), str) and not is_fhir_id(value["id"]):
            raise InvalidResource(INVALID_ID)
        match resource_type:
            case ResourceType.PATIENT:
                patient = parse(FhirPatient, value)
                fields, notes = patient_fields(patient, self.identifier_system, self.today)
            case ResourceType.PRACTITIONER:
                fields, notes = practitioner_fields(parse(FhirPractitioner, value), self.today)
            case ResourceType.PRACTITIONER_ROLE:
                fields, notes = role_fields(parse(FhirPractitionerRole, value)), []
            case ResourceType.LOCATION:
                fields, notes = location_fields(parse(FhirLocation, value))
        return fields, [*notes, Note.INCOMPLETE] if parse(Resource, value).meta.is_subset else notes

    def _updated_at(self, value: dict[str, Any]) -> tuple[datetime | None, list[Note]]:
        text = last_updated(value)
        updated_at = past_instant(text, self.now)
        return updated_at, [Note.TIME_UNKNOWN] if text is not None and updated_at is None else []

    def _deletion(self, deletion: Deletion) -> Result:
        name, record_id = parse_reference(deletion.url) or (None, "")
        if name is None:
            return RefusedItem("request.url does not name a resource")
        if name not in FHIR_TYPES:
            return RefusedItem("request.url does not name a FHIR resource type")
        if name not in set(ResourceType):
            return Skipped(name)
        resource_type = ResourceType(name)
        update = RegistryUpdate(record_id, {ACTIVE_FIELDS[resource_type]: False}, past_instant(deletion.at, self.now))
        return Mapped(resource_type, update, deleted=True)

    def _inactive_status(self, resource_type: ResourceType, value: dict[str, Any]) -> dict[str, Any] | None:
        """Return the status fields of an invalid resource that is clearly inactive, or None if it is not."""
        if resource_type is ResourceType.PATIENT:
            return inactive_patient_fields(value)
        if resource_type is ResourceType.LOCATION:
            inactive = is_inactive_status(value.get("status"))
        else:
            inactive = value.get("active") is False
        if inactive:
            return {ACTIVE_FIELDS[resource_type]: False}
        return ended_role_fields(value, self.today) if resource_type is ResourceType.PRACTITIONER_ROLE else None
