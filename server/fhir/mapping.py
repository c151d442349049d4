"""Turns the items of a file into updates of our records: what scheduling needs, and only what they state."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.registry import RegistryUpdate
from server.fhir.dates import instant
from server.fhir.items import Deletion, Empty, Fault, last_updated
from server.fhir.kinds import Kind, Mapped, Note, Refusal, Result, Skipped, parse_reference
from server.fhir.locations import is_inactive_status, location_fields
from server.fhir.patients import inactive_patient_fields, patient_fields
from server.fhir.refusal import RefusedLine, is_fhir_id
from server.fhir.resource_types import RESOURCE_TYPES
from server.fhir.resources import Location, Patient, Practitioner, PractitionerRole, Resource, parse
from server.fhir.staff import ended_role_fields, practitioner_fields, role_fields

ACTIVE_FIELDS: Final = {
    Kind.PATIENT: "active",
    Kind.PRACTITIONER: "registry_active",
    Kind.PRACTITIONER_ROLE: "active",
    Kind.LOCATION: "active",
}
_NOT_AN_ID: Final = "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"
_CLOCK_SKEW: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mapper:
    """Maps items.

    Attributes:
        now: The present instant.
        today: The present day where the organization is.
        identifier_system: The system whose identifiers are record numbers; None: their type decides.
    """

    now: datetime
    today: date
    identifier_system: str | None = None

    def map(self, content: Any) -> Result:
        """Return what is made of the content of an item."""
        match content:
            case Empty():
                return Skipped("Bundle entries without a resource")
            case Deletion():
                return self._deletion(content)
            case {"resourceType": str(name)}:
                return self._resource(name, content)
            case {"resourceType": _}:
                reason = "resourceType has the wrong type of value"
            case dict():
                reason = "resourceType is missing"
            case Fault():
                reason = content.reason
            case _:
                reason = "the resource is not a JSON object"
        return Refusal(reason, unread=True)

    def _resource(self, name: str, value: dict[str, Any]) -> Result:
        if name not in RESOURCE_TYPES:
            # The type itself is not repeated: a file that is not FHIR may hold anything there.
            return Refusal("resourceType is not a type of FHIR resource", unread=True)
        if name not in set(Kind):
            return Skipped(name)
        kind = Kind(name)
        stated_id = value.get("id")
        known_id = stated_id if isinstance(stated_id, str) and is_fhir_id(stated_id) else None
        updated_at, notes = self._time(value)
        try:
            fields, more = self._fields(kind, value)
        except RefusedLine as refused:
            status = self._stated_inactive(kind, value) if known_id else None
            if known_id is None or status is None:
                return Refusal(refused.reason, kind, known_id, unread=known_id is None)
            return Mapped(kind, RegistryUpdate(known_id, status, updated_at), (), refused.reason)
        return Mapped(kind, RegistryUpdate(value["id"], fields, updated_at), (*notes, *more))

    def _fields(self, kind: Kind, value: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
        if isinstance(value.get("id"), str) and not is_fhir_id(value["id"]):
            raise RefusedLine(_NOT_AN_ID)
        match kind:
            case Kind.PATIENT:
                patient = parse(Patient, value)
                fields, notes = patient_fields(patient, self.identifier_system, self.today)
            case Kind.PRACTITIONER:
                fields, notes = practitioner_fields(parse(Practitioner, value), self.today)
            case Kind.PRACTITIONER_ROLE:
                fields, notes = role_fields(parse(PractitionerRole, value)), []
            case Kind.LOCATION:
                fields, notes = location_fields(parse(Location, value))
        return fields, [*notes, Note.INCOMPLETE] if parse(Resource, value).meta.is_subset else notes

    def _time(self, value: dict[str, Any]) -> tuple[datetime | None, list[Note]]:
        stated = last_updated(value)
        updated_at = self._past(stated)
        return updated_at, [Note.TIME_UNKNOWN] if stated is not None and updated_at is None else []

    def _past(self, stated: object) -> datetime | None:
        found = instant(stated)
        # A clock that was wrong once must not keep all later versions out.
        return found if found is not None and found <= self.now + _CLOCK_SKEW else None

    def _deletion(self, deletion: Deletion) -> Result:
        found = parse_reference(deletion.url)
        if found is None or found[0] is None:
            return Refusal("request.url does not name a resource")
        if found[0] not in RESOURCE_TYPES:
            return Refusal("request.url does not name a type of FHIR resource")
        if found[0] not in set(Kind):
            return Skipped(found[0])
        kind = Kind(found[0])
        return Mapped(kind, RegistryUpdate(found[1], {ACTIVE_FIELDS[kind]: False}, self._past(deletion.at)))

    def _stated_inactive(self, kind: Kind, value: dict[str, Any]) -> dict[str, Any] | None:
        """Return the fields of a resource that has faults but is clearly inactive, None where it is not."""
        if kind is Kind.PATIENT:
            return inactive_patient_fields(value)
        status = value.get("status")
        inactive = is_inactive_status(status) if kind is Kind.LOCATION else value.get("active") is False
        if inactive:
            return {ACTIVE_FIELDS[kind]: False}
        return ended_role_fields(value, self.today) if kind is Kind.PRACTITIONER_ROLE else None
