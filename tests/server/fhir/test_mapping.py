"""What is made of an item: which kinds are skipped, what is refused and why, and when a resource last changed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from server.fhir.items import Deletion, Empty, Fault
from server.fhir.kinds import Note, Refusal
from server.fhir.mapping import Mapper
from tests.server.fhir.resources import (
    NOW,
    TODAY,
    location,
    mapped,
    patient,
    practitioner,
    refusal,
    skipped,
    updated,
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (Fault("the line is not JSON"), "the line is not JSON"),
        ([], "the resource is not a JSON object"),
        (None, "the resource is not a JSON object"),
        ({"id": "p"}, "resourceType is missing"),
        ({"resourceType": 7}, "resourceType has the wrong type of value"),
        ({"resourceType": "Secret Name"}, "resourceType is not a type of FHIR resource"),
        ({"resourceType": "patient"}, "resourceType is not a type of FHIR resource"),
        ({"resourceType": "Patient", "name": [{"text": "Secret"}]}, "id is missing"),
        (patient(id=7), "id has the wrong type of value"),
        (patient(id="Secret Name"), "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"),
        (patient(id="x" * 65), "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"),
        (patient(id="x\n"), "id is not a FHIR id: 1 to 64 letters, digits, hyphens and dots"),
        (patient(name=[]), "name is missing"),
        (patient(name=[{"text": "\u2003"}]), "name is missing"),
        (location(name=None), "name is missing"),
        (patient(name=[{"text": "Secret" * 51}]), "name is longer than 300 characters"),
        (patient(name=[{"text": "Secret\x00"}]), "name holds a character that is not text"),
        (patient(name=[{"family": 7}]), "name.0.family has the wrong type of value"),
        (patient(active="Secret"), "active has the wrong type of value"),
        (
            patient(identifier=[{"type": {"coding": [{"code": "MR"}]}, "value": "9" * 101}]),
            "identifier.value is longer than 100 characters",
        ),
    ],
)
def test_a_refusal_tells_the_field_and_never_its_value(content: Any, reason: str) -> None:
    assert refusal(content) == reason


def test_kinds_that_are_not_ours_are_skipped() -> None:
    assert skipped({"resourceType": "Observation"}) == "Observation"
    assert skipped(Empty()) == "Bundle entries without a resource"
    assert skipped(Deletion("Observation/1", None)) == "Observation"


@pytest.mark.parametrize("url", ["Patient/1", "https://fhir.test/r4/Patient/1"])
def test_a_deletion_makes_inactive(url: str) -> None:
    result = mapped(Deletion(url, "2026-01-05T00:00:00Z"))
    assert (result.kind, result.update.id, dict(result.update.fields)) == ("Patient", "1", {"active": False})
    assert result.update.updated_at == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("url", [None, 7, "Patient?identifier=secret", "urn:uuid:" + "0" * 36, "Secret/1"])
def test_a_deletion_of_nothing_in_particular_is_refused(url: Any) -> None:
    assert refusal(Deletion(url, None)).startswith("request.url does not name")


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("2026-01-05T07:00:00-07:00", datetime(2026, 1, 5, 14, tzinfo=UTC)),
        ("2026-01-05T14:00:00Z", datetime(2026, 1, 5, 14, tzinfo=UTC)),
        ("2026-01-05T14:00:00.123456789z", datetime(2026, 1, 5, 14, 0, 0, 123456, tzinfo=UTC)),
        ("2026-06-02T11:59:59Z", datetime(2026, 6, 2, 11, 59, 59, tzinfo=UTC)),
        ("2026-01-05T14:00:00.5+00:00", datetime(2026, 1, 5, 14, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_the_time_of_a_resource_is_an_instant_of_any_zone(stated: str, known: datetime) -> None:
    assert mapped(updated(practitioner(), stated)).update.updated_at == known


@pytest.mark.parametrize("stated", ["2026-01-05", "2026-01-05T14:00:00", "2026-06-03T12:00:01Z", "soon", 7, ["x"]])
def test_a_time_that_is_no_instant_of_the_past_is_ignored_and_reported(stated: Any) -> None:
    result = mapped(updated(patient(), stated))
    assert result.update.updated_at is None
    assert Note.TIME_UNKNOWN in result.notes


def test_a_refusal_tells_whether_unknown_resources_may_be_in_it() -> None:
    def unread(content: Any) -> bool:
        result = Mapper(NOW, TODAY).map(content)
        assert isinstance(result, Refusal)
        return result.unread

    assert unread(Fault("the line is not JSON"))
    assert unread(patient(id=None))
    assert not unread(patient(name=[]))
