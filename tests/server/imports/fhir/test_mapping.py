"""Mapping of items: skipped types, refused items with their reasons, deletions, and the time of a resource."""

from datetime import UTC, datetime
from typing import Any

import pytest

from server.imports.fhir.items import Deletion, Empty, Unreadable
from server.imports.fhir.mapping import Mapper
from server.imports.results import Note, RefusedItem
from tests.server.imports.fhir.resources import (
    NOW,
    TODAY,
    location,
    map_content,
    patient,
    practitioner,
    refusal_reason,
    skipped_type,
    updated,
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (Unreadable("the line is not JSON"), "the line is not JSON"),
        ([], "the resource is not a JSON object"),
        (None, "the resource is not a JSON object"),
        ({"id": "p"}, "resourceType is missing"),
        ({"resourceType": 7}, "resourceType has the wrong type"),
        ({"resourceType": "Secret Name"}, "resourceType is not a FHIR resource type"),
        ({"resourceType": "patient"}, "resourceType is not a FHIR resource type"),
        ({"resourceType": "Patient", "name": [{"text": "Secret"}]}, "id is missing"),
        (patient(id=7), "id has the wrong type"),
        (patient(id="Secret Name"), "id must be 1 to 64 letters, digits, hyphens and dots"),
        (patient(id="x" * 65), "id must be 1 to 64 letters, digits, hyphens and dots"),
        (patient(id="x\n"), "id must be 1 to 64 letters, digits, hyphens and dots"),
        (patient(name=[]), "name is missing"),
        (patient(name=[{"text": "\u2003"}]), "name is missing"),
        (location(name=None), "name is missing"),
        (patient(name=[{"text": "Secret" * 51}]), "name is longer than 300 characters"),
        (patient(name=[{"text": "Secret\x00"}]), "name contains an invalid character"),
        (patient(name=[{"family": 7}]), "name.0.family has the wrong type"),
        (patient(active="Secret"), "active has the wrong type"),
        (
            patient(identifier=[{"type": {"coding": [{"code": "MR"}]}, "value": "9" * 101}]),
            "identifier.value is longer than 100 characters",
        ),
    ],
)
def test_a_refusal_names_the_field_and_never_its_value(content: Any, reason: str) -> None:
    assert refusal_reason(content) == reason


def test_other_resource_types_are_skipped() -> None:
    assert skipped_type({"resourceType": "Observation"}) == "Observation"
    assert skipped_type(Empty()) == "Bundle entries without a resource"
    assert skipped_type(Deletion("Observation/1", None)) == "Observation"


@pytest.mark.parametrize("url", ["Patient/1", "https://fhir.test/r4/Patient/1"])
def test_a_deletion_makes_the_record_inactive(url: str) -> None:
    result = map_content(Deletion(url, "2026-01-05T00:00:00Z"))
    assert (result.resource_type, result.update.id, dict(result.update.fields)) == ("Patient", "1", {"active": False})
    assert result.update.updated_at == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("url", [None, 7, "Patient?identifier=secret", "urn:uuid:" + "0" * 36, "Secret/1"])
def test_a_deletion_that_names_no_resource_is_refused(url: Any) -> None:
    assert refusal_reason(Deletion(url, None)).startswith("request.url does not name")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05T07:00:00-07:00", datetime(2026, 1, 5, 14, tzinfo=UTC)),
        ("2026-01-05T14:00:00Z", datetime(2026, 1, 5, 14, tzinfo=UTC)),
        ("2026-01-05T14:00:00.123456789z", datetime(2026, 1, 5, 14, 0, 0, 123456, tzinfo=UTC)),
        ("2026-06-02T11:59:59Z", datetime(2026, 6, 2, 11, 59, 59, tzinfo=UTC)),
        ("2026-01-05T14:00:00.5+00:00", datetime(2026, 1, 5, 14, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_the_time_of_a_resource_may_have_any_offset(text: str, expected: datetime) -> None:
    assert map_content(updated(practitioner(), text)).update.updated_at == expected


@pytest.mark.parametrize("text", ["2026-01-05", "2026-01-05T14:00:00", "2026-06-03T12:00:01Z", "soon", 7, ["x"]])
def test_an_invalid_or_future_time_is_ignored_and_reported(text: Any) -> None:
    result = map_content(updated(patient(), text))
    assert result.update.updated_at is None
    assert Note.TIME_UNKNOWN in result.notes


def test_a_refusal_says_whether_it_may_hide_resources() -> None:
    def hides_resources(content: Any) -> bool:
        result = Mapper(NOW, TODAY).map(content)
        assert isinstance(result, RefusedItem)
        return result.hides_resources

    assert hides_resources(Unreadable("the line is not JSON"))
    assert hides_resources(patient(id=None))
    assert not hides_resources(patient(name=[]))
