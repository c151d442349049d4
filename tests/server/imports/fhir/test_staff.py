"""Mapping of a Practitioner and of a PractitionerRole."""

from datetime import date
from typing import Any

import pytest

from server.imports.results import Note
from tests.server.imports.fhir.resources import map_content, mapped_fields, practitioner, refusal_reason, role, subset

DEGREES = "http://terminology.hl7.org/CodeSystem/v2-0360/2.7"


@pytest.mark.parametrize(
    ("stated", "credentials"),
    [
        ({}, None),
        ({"name": [{"text": "Eva Test", "suffix": ["MD", "PhD"]}]}, "MD, PhD"),
        ({"qualification": [{"code": {"coding": [{"code": "1", "display": "Nurse"}]}}]}, "Nurse"),
        (
            {"qualification": [{"code": {"text": "LCSW"}}, {"code": {"text": "LCSW"}}, {"code": {"text": "MFT"}}]},
            "LCSW, MFT",
        ),
        (
            {
                "qualification": [
                    {"code": {"coding": [{"system": DEGREES, "code": "MD"}], "text": "Doctor of Medicine"}}
                ]
            },
            "MD",
        ),
        (
            {"qualification": [{"code": {"text": "LAC"}, "period": {"end": "2025"}}, {"code": {"text": "LPC"}}]},
            "LPC",
        ),
    ],
)
def test_credentials_come_from_current_qualifications_or_else_the_suffix(
    stated: dict[str, Any], credentials: str | None
) -> None:
    values = mapped_fields(practitioner(**stated))
    assert values == {"display_name": "Eva Test", "credentials": credentials, "registry_active": True}


@pytest.mark.parametrize(
    ("texts", "credentials"),
    [
        (["LPC", "x" * 100], "LPC"),
        (["x" * 48, "y" * 50], f"{'x' * 48}, {'y' * 50}"),
        (["x" * 101], f"{'x' * 99}…"),
        (["a" * 60, "b" * 60, "c"], "a" * 60),
    ],
)
def test_credentials_over_100_characters_are_shortened(texts: list[str], credentials: str) -> None:
    result = map_content(practitioner(qualification=[{"code": {"text": text}} for text in texts]))
    assert result.update.fields["credentials"] == credentials
    assert (Note.CREDENTIALS_CUT in result.notes) is (len(", ".join(texts)) > 100)


def test_many_credentials_are_shortened_quickly() -> None:
    qualifications = [{"code": {"text": f"Q{number:07}"}} for number in range(100_000)]
    result = map_content(practitioner(qualification=qualifications))
    assert result.update.fields["credentials"] == ", ".join(f"Q{number:07}" for number in range(10))


def test_a_credential_without_a_visible_character_is_ignored() -> None:
    hidden = [{"code": {"text": text}} for text in ("\N{ZERO WIDTH SPACE}", "LPC")]
    assert mapped_fields(practitioner(qualification=hidden))["credentials"] == "LPC"


def test_the_inactive_status_of_an_invalid_practitioner_is_imported() -> None:
    assert mapped_fields(practitioner(active=False))["registry_active"] is False
    assert dict(map_content(practitioner(active=False, name=[])).update.fields) == {"registry_active": False}
    assert refusal_reason(practitioner(active=True, name=[])) == "name is missing"


def test_an_incomplete_practitioner_states_only_what_it_has() -> None:
    minimal = {"resourceType": "Practitioner", "id": "s"}
    assert mapped_fields(subset(minimal)) == {}
    assert mapped_fields(subset({**minimal, "active": True, "name": [{"text": "Eva"}]})) == {"display_name": "Eva"}
    assert mapped_fields(subset({**minimal, "active": False})) == {"registry_active": False}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, (True, None)),
        ({"active": False}, (False, None)),
        ({"period": {"start": "2020", "end": "2026-05-31"}}, (True, date(2026, 5, 31))),
        ({"period": {"end": "2026-02"}}, (True, date(2026, 2, 28))),
        ({"period": {"end": "2026-05-31T12:00:00-07:00"}}, (True, date(2026, 5, 31))),
        ({"practitioner": {"reference": "https://fhir.test/Practitioner/s"}}, (True, None)),
    ],
)
def test_a_role_keeps_its_status_and_its_end(stated: dict[str, Any], expected: tuple[bool, date | None]) -> None:
    assert mapped_fields(role(**stated)) == {"staff_id": "s", "active": expected[0], "ends_on": expected[1]}


def test_a_role_without_a_practitioner_or_valid_end_is_refused() -> None:
    for reference in (None, {"display": "Eva"}, {"reference": "Patient/s"}):
        assert refusal_reason(role(practitioner=reference)) == "practitioner must be a reference to a Practitioner"
    assert refusal_reason(role(period={"end": "soon"})) == "period.end is not a date"
    assert dict(map_content(role(active=False, period={"end": "soon"})).update.fields) == {"active": False}


def test_the_end_of_an_invalid_role_is_imported() -> None:
    without_reference = {"display": "Eva"}
    result = map_content(role(practitioner=without_reference, period={"end": "2025-12-31"}))
    assert dict(result.update.fields) == {"ends_on": date(2025, 12, 31)}
    assert result.error is not None
    assert refusal_reason(role(practitioner=without_reference, period={"end": "2099"})).startswith("practitioner")
