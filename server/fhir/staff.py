"""What is taken of a Practitioner and of a PractitionerRole."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from domain.texts import shows
from server.fhir.dates import last_day
from server.fhir.kinds import Kind, Note, referenced_id
from server.fhir.names import best_name, is_current, joined, written_name
from server.fhir.refusal import RefusedLine, bounded, spaced
from server.fhir.resources import CodeableConcept, Practitioner, PractitionerRole

_LONGEST_CREDENTIALS: Final = 100
# HL7's table of degrees (MD, RN, ...), as its address is written with and without a version.
_DEGREES: Final = ("/v2-0360", "/v2/0360")


def practitioner_fields(resource: Practitioner, today: date) -> tuple[dict[str, Any], list[Note]]:
    """Return the fields that a Practitioner states, and what there is to say about them. Raise RefusedLine."""
    subset = resource.meta.is_subset
    fields: dict[str, Any] = {}
    if not subset or resource.states("name"):
        fields["display_name"] = written_name(resource.name, today)
    credentials, cut = _credentials(resource, today)
    if credentials is not None or not subset:
        fields["credentials"] = credentials
    if not subset or resource.active is False:
        fields["registry_active"] = resource.active is not False
    return fields, [Note.CREDENTIALS_CUT] if cut else []


def role_fields(resource: PractitionerRole) -> dict[str, Any]:
    """Return the fields that a PractitionerRole states. Raise RefusedLine."""
    subset = resource.meta.is_subset
    fields: dict[str, Any] = {}
    if not subset or resource.states("practitioner"):
        staff_id = referenced_id(resource.practitioner, Kind.PRACTITIONER)
        if staff_id is None:
            raise RefusedLine("practitioner is not a reference to a Practitioner")
        fields["staff_id"] = staff_id
    if not subset or resource.active is False:
        fields["active"] = resource.active is not False
    if not subset or resource.states("period"):
        fields["ends_on"] = _end(resource)
    return fields


def ended_role_fields(value: dict[str, Any], today: date) -> dict[str, Any] | None:
    """Return the fields of a PractitionerRole that has faults but has clearly ended, None where it has not."""
    period = value.get("period")
    day = last_day(period.get("end")) if isinstance(period, dict) else None
    return {"ends_on": day} if day is not None and day < today else None


def _end(resource: PractitionerRole) -> date | None:
    text = resource.period.end if resource.period else None
    day = last_day(text)
    if text is not None and day is None:
        raise RefusedLine("period.end is not a date")
    return day


def _credentials(resource: Practitioner, today: date) -> tuple[str | None, bool]:
    """Return the credentials, None where there are none, and whether they had to be cut."""
    current = [item.code for item in resource.qualification if is_current(item.period, today)]
    name = best_name(resource.name, today)
    stated = _distinct(_credential(code) for code in current) or _distinct(name.suffix if name else ())
    text, cut = _fitting(stated)
    return bounded(text, "qualification", _LONGEST_CREDENTIALS) or None, cut


def _fitting(credentials: Sequence[str]) -> tuple[str, bool]:
    """Return as many whole credentials as there is room for, or else the first one cut, and whether any is missing."""
    text = credentials[0] if credentials else ""
    if len(text) > _LONGEST_CREDENTIALS:
        return text[: _LONGEST_CREDENTIALS - 1].rstrip() + "…", True
    for credential in credentials[1:]:
        longer = f"{text}, {credential}"
        if len(longer) > _LONGEST_CREDENTIALS:
            return text, True
        text = longer
    return text, False


def _distinct(texts: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(text for part in texts if shows(text := spaced(part))))


def _credential(code: CodeableConcept) -> str | None:
    degree = next((item.code for item in code.coding if any(table in (item.system or "") for table in _DEGREES)), None)
    texts = (text for item in code.coding for text in (item.display, item.code) if text)
    return degree or joined([code.text], "") or next(texts, None)
