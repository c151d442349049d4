"""Reads lines of FHIR R4 NDJSON: of a Practitioner, Location or Patient, what scheduling needs and nothing more."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from domain.birth_dates import birth_fault
from domain.records import Patient, StaffMember
from domain.texts import is_storable, shows
from domain.wall_time import is_time_zone
from server.clock import now

RESOURCE_TYPES = ("Practitioner", "Location", "Patient")

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_DATE = re.compile(r"(\d{4})(-\d{2})?(-\d{2})?", re.ASCII)
_LOCATION_REFERENCE = re.compile(r"(?:.*/)?Location/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_TIME_ZONE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/timezone"
# HL7's table of degrees (MD, RN, ...), as its address is written with and without a version.
_DEGREES = re.compile(r"/v2[-/](?:[\d.]+/)?0360\b")
_NAME_USES = ("official", "usual", None, "temp", "nickname", "anonymous", "old", "maiden")


class RefusedLine(Exception):
    """A line that is not imported. Its reason names fields and limits, never what the line says of a person."""

    def __init__(self, reason: str, resource_type: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.resource_type = resource_type


@dataclass(frozen=True, slots=True)
class LocationLine:
    """A location as its line tells it; a part of another one takes its site, and its zone, from there."""

    id: str
    name: str
    time_zone: str | None
    is_part: bool
    parent_id: str | None
    parent_name: str | None


class _Fhir(BaseModel):
    # Strict: a number where FHIR has a text is a fault of the file, not something to guess about.
    model_config = ConfigDict(alias_generator=to_camel, strict=True, extra="ignore", frozen=True)


_Model = TypeVar("_Model", bound=_Fhir)


class _Coding(_Fhir):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class _CodeableConcept(_Fhir):
    coding: list[_Coding] = []
    text: str | None = None


class _HumanName(_Fhir):
    use: str | None = None
    text: str | None = None
    family: str | None = None
    # FHIR writes null where a part of a name has only extensions.
    given: list[str | None] = []
    suffix: list[str | None] = []


class _Identifier(_Fhir):
    use: str | None = None
    type: _CodeableConcept | None = None
    value: str | None = None


class _Extension(_Fhir):
    url: str | None = None
    value_code: str | None = None


class _Reference(_Fhir):
    reference: str | None = None
    display: str | None = None


class _Qualification(_Fhir):
    code: _CodeableConcept


class _Resource(_Fhir):
    resource_type: str


class _Identified(_Fhir):
    id: str


class _Practitioner(_Identified):
    active: bool | None = None
    name: list[_HumanName] = []
    qualification: list[_Qualification] = []


class _Location(_Identified):
    name: str | None = None
    physical_type: _CodeableConcept | None = None
    part_of: _Reference | None = None
    extension: list[_Extension] = []


class _Patient(_Identified):
    active: bool | None = None
    name: list[_HumanName] = []
    identifier: list[_Identifier] = []
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None


def read_resource(line: bytes) -> StaffMember | LocationLine | Patient:
    """Gives what one line of NDJSON tells.

    Raises:
        RefusedLine: Where the line is not JSON, not one of RESOURCE_TYPES, or holds what cannot be stored.
    """
    try:
        line.decode()
    except UnicodeDecodeError:
        raise RefusedLine("the line is not UTF-8") from None
    resource_type = _parsed(_Resource, line).resource_type
    try:
        match resource_type:
            case "Practitioner":
                return _staff_member(_parsed(_Practitioner, line))
            case "Location":
                return _location(_parsed(_Location, line))
            case "Patient":
                return _patient(_parsed(_Patient, line))
    except RefusedLine as refused:
        raise RefusedLine(refused.reason, resource_type) from None
    # The type itself is not repeated: a file that is not FHIR may hold anything there.
    raise RefusedLine("only Practitioner, Location and Patient resources are imported")


def _parsed(model: type[_Model], line: bytes) -> _Model:
    try:
        return model.model_validate_json(line)
    except ValidationError as invalid:
        fault = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
    if fault["type"] == "json_invalid":
        raise RefusedLine("the line is not JSON")
    # The places are names of our own models and positions in lists: nothing of what the line says.
    path = ".".join(str(step) for step in fault["loc"])
    if not path:
        raise RefusedLine("the line is not a JSON object")
    raise RefusedLine(f"{path} is missing" if fault["type"] == "missing" else f"{path} has the wrong type of value")


def _staff_member(resource: _Practitioner) -> StaffMember:
    staff_id = _checked_id(resource.id)
    name = _best_name(resource.name)
    qualifications = [_credential(qualification.code) for qualification in resource.qualification]
    credentials = _joined(dict.fromkeys(qualifications), ", ") or _joined(name.suffix, ", ")
    return StaffMember(
        id=staff_id,
        display_name=_required(_written(name), "name", 300),
        credentials=_bounded(credentials, "qualification", 100) or None,
        active=resource.active is not False,
    )


def _location(resource: _Location) -> LocationLine:
    location_id = _checked_id(resource.id)
    parent = resource.part_of
    zones = (extension.value_code for extension in resource.extension if extension.url == _TIME_ZONE_EXTENSION)
    # A site is a site even where it belongs to a larger one.
    types = {coding.code for coding in resource.physical_type.coding} if resource.physical_type else set()
    reference = _LOCATION_REFERENCE.fullmatch(parent.reference) if parent and parent.reference else None
    return LocationLine(
        id=location_id,
        name=_required(resource.name, "name", 300),
        time_zone=next((zone for zone in zones if zone is not None and is_time_zone(zone)), None),
        is_part=parent is not None and "si" not in types,
        parent_id=reference.group(1) if reference else None,
        parent_name=_bounded(parent.display if parent else None, "partOf.display", 300) or None,
    )


def _patient(resource: _Patient) -> Patient:
    patient_id = _checked_id(resource.id)
    return Patient(
        id=patient_id,
        display_name=_required(_written(_best_name(resource.name)), "name", 300),
        medical_record_number=_bounded(_record_number(resource.identifier), "identifier.value", 100) or patient_id,
        birth_date=_whole_date(resource.birth_date),
        active=resource.active is not False and not resource.deceased_boolean and resource.deceased_date_time is None,
    )


def _checked_id(id: str) -> str:
    if not _ID.fullmatch(id):
        raise RefusedLine("id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots")
    return id


def _best_name(names: Sequence[_HumanName]) -> _HumanName:
    told = [name for name in names if shows(_written(name))]
    return min(told, key=_rank, default=_HumanName())


def _rank(name: _HumanName) -> int:
    return _NAME_USES.index(name.use) if name.use in _NAME_USES else len(_NAME_USES)


def _written(name: _HumanName) -> str:
    return _spaced(name.text) or _joined([*name.given, name.family], " ")


def _credential(code: _CodeableConcept) -> str | None:
    degree = next((coding.code for coding in code.coding if _DEGREES.search(coding.system or "")), None)
    told = (told for coding in code.coding for told in (coding.display, coding.code) if told)
    return degree or _spaced(code.text) or next(told, None)


def _record_number(identifiers: Iterable[_Identifier]) -> str | None:
    told = [
        identifier
        for identifier in identifiers
        if identifier.type and any(coding.code == "MR" for coding in identifier.type.coding)
        if shows(_spaced(identifier.value))
    ]
    # Of several, one that is still in use.
    return min(told, key=lambda identifier: identifier.use == "old").value if told else None


def _whole_date(text: str | None) -> date | None:
    if text is None:
        return None
    parts = _DATE.fullmatch(text)
    try:
        # FHIR dates may be a year, or a year and month: then the day of birth is not known. These must exist, too.
        if parts is not None:
            whole = date.fromisoformat(f"{parts[1]}{parts[2] or '-01'}{parts[3] or '-01'}")
            last = whole if parts[3] else whole.replace(month=12, day=31)
            if fault := birth_fault(whole, last, now().date()):
                raise RefusedLine(f"birthDate {fault}")
            return whole if parts[3] else None
    except ValueError:
        pass
    raise RefusedLine("birthDate is not a date")


def _required(text: str | None, field: str, longest: int) -> str:
    bounded = _bounded(text, field, longest)
    if not bounded:
        raise RefusedLine(f"{field} is missing")
    if not shows(bounded):
        raise RefusedLine(f"{field} shows nothing")
    return bounded


def _bounded(text: str | None, field: str, longest: int) -> str:
    spaced = _spaced(text)
    if not is_storable(spaced):
        raise RefusedLine(f"{field} holds a character that is not text")
    if len(spaced) > longest:
        raise RefusedLine(f"{field} is longer than {longest} characters")
    return spaced


def _joined(parts: Iterable[str | None], separator: str) -> str:
    return separator.join(spaced for part in parts if (spaced := _spaced(part)))


def _spaced(text: str | None) -> str:
    return " ".join((text or "").split())
