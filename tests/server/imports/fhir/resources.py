"""FHIR resources for tests, and the results of mapping them."""

import json
from datetime import UTC, date, datetime
from typing import Any

from server.imports.fhir.mapping import Mapper
from server.imports.results import Mapped, RefusedItem, Skipped

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = date(2026, 6, 1)
ZONE = "America/Phoenix"
TIME_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p", "name": [{"given": ["Ada"], "family": "Test"}], **fields}


def practitioner(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": "s", "name": [{"text": "Eva Test"}], **fields}


def role(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/s"}, **fields}


def location(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": "l", "name": "North", **fields}


def bundle(*resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources], **fields}


def deletion(url: str) -> dict[str, Any]:
    return {"request": {"method": "DELETE", "url": url}}


def deletions(*urls: str) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": [deletion(url) for url in urls]}


def subset(resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "meta": {"tag": [SUBSETTED]}}


def updated(resource: dict[str, Any], at: str) -> dict[str, Any]:
    return {**resource, "meta": {"lastUpdated": at}}


def ndjson(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def map_content(content: Any, identifier_system: str | None = None) -> Mapped:
    result = Mapper(NOW, TODAY, identifier_system).map(content)
    assert isinstance(result, Mapped), result
    return result


def mapped_fields(content: Any, identifier_system: str | None = None) -> dict[str, Any]:
    result = map_content(content, identifier_system)
    assert result.error is None
    return dict(result.update.fields)


def refusal_reason(content: Any) -> str:
    result = Mapper(NOW, TODAY).map(content)
    assert isinstance(result, RefusedItem), result
    return result.reason


def skipped_type(content: Any) -> str:
    result = Mapper(NOW, TODAY).map(content)
    assert isinstance(result, Skipped), result
    return result.type
