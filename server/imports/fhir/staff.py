"""The mapping of Practitioner and PractitionerRole resources."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from domain.texts import shows
from server.imports.dates import last_day
from server.imports.fhir.names import best_name, display_name, is_current, join_nonblank
from server.imports.fhir.references import referenced_id
from server.imports.fhir.resources import CodeableConcept, FhirPractitioner, FhirPractitionerRole
from server.imports.resource_types import ResourceType
from server.imports.results import Note
from server.imports.text_fields import InvalidResource, clean_text, collapse_spaces

_MAX_CREDENTIALS_LENGTH: Final = 100
# The two URL forms of HL7's table of degrees (MD, RN, ...).
_DEGREES: Final = ("/v2-0360", "/v2/0360")


def practitioner_fields(resource: FhirPractitioner, today: date) -> tuple[dict[str, Any], list[Note]]:
    """Return the fields that a Practitioner states, and notes for the report. Raise InvalidResource."""
    subset = resource.meta.is_subset
    fields: dict[str, Any] = {}
    if not subset or resource.states("name"):
        fields["display_name"] = display_name(resource.name, today)
    credentials, cut = _credentials(resource, today)
    if credentials is not None or not subset:
        fields["credentials"] = credentials
    if not subset or resource.active is False:
        fields["registry_active"] = resource.active is not False
    return fields, [Note.CREDENTIALS_CUT] if cut else []


def role_fields(resource: FhirPractitionerRole) -> dict[str, Any]:
    """Return the fields that a PractitionerRole states. Raise InvalidResource."""
    subset = resource.meta.is_subset
    fields: dict[str, Any] = {}
    if not subset or resource.states("practitioner"):
        staff_id = referenced_id(resource.practitioner, ResourceType.PRACTITIONER)
        if staff_id is None:
            raise InvalidResource("practitioner must be a reference to a Practitioner")
        fields["staff_id"] = staff_id
    if not subset or resource.active is False:
        fields["active"] = resource.active is not False
    if not subset or resource.states("period"):
        fields["ends_on"] = _end(resource)
    return fields


def ended_role_fields(value: dict[str, Any], today: date) -> dict[str, Any] | None:
    """Return the end of an invalid PractitionerRole that has clearly ended, or None if it has not."""
    period = value.get("period")
    day = last_day(period.get("end")) if isinstance(period, dict) else None
    return {"ends_on": day} if day is not None and day < today else None


def _end(resource: FhirPractitionerRole) -> date | None:
    text = resource.period.end if resource.period else None
    day = last_day(text)
    if text is not None and day is None:
        raise InvalidResource("period.end is not a date")
    return day


def _credentials(resource: FhirPractitioner, today: date) -> tuple[str | None, bool]:
    """Return the credentials (None if there are none), and whether they were shortened."""
    current = [item.code for item in resource.qualification if is_current(item.period, today)]
    name = best_name(resource.name, today)
    credentials = _distinct(_credential(code) for code in current) or _distinct(name.suffix if name else ())
    text, shortened = _join_up_to_limit(credentials)
    return clean_text(text, "qualification", _MAX_CREDENTIALS_LENGTH) or None, shortened


def _join_up_to_limit(credentials: Sequence[str]) -> tuple[str, bool]:
    """Return as many whole credentials as fit, or the start of the first one, and whether any text is missing."""
    text = credentials[0] if credentials else ""
    if len(text) > _MAX_CREDENTIALS_LENGTH:
        return text[: _MAX_CREDENTIALS_LENGTH - 1].rstrip() + "…", True
    for credential in credentials[1:]:
        longer = f"{text}, {credential}"
        if len(longer) > _MAX_CREDENTIALS_LENGTH:
            return text, True
        text = longer
    return text, False


def _distinct(texts: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(text for part in texts if shows(text := collapse_spaces(part))))


def _credential(code: CodeableConcept) -> str | None:
    degree = next((item.code for item in code.coding if any(table in (item.system or "") for table in _DEGREES)), None)
    texts = (text for item in code.coding for text in (item.display, item.code) if text)
    return degree or join_nonblank([code.text], "") or next(texts, None)
