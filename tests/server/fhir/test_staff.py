"""What is taken of a Practitioner and of a PractitionerRole."""

from datetime import date
from typing import Any

import pytest

from server.fhir.kinds import Note
from tests.server.fhir.resources import fields, mapped, practitioner, refusal, role, subset

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
    taken = fields(practitioner(**stated))
    assert taken == {"display_name": "Eva Test", "credentials": credentials, "registry_active": True}


@pytest.mark.parametrize(
    ("texts", "credentials"),
    [
        (["LPC", "x" * 100], "LPC"),
        (["x" * 48, "y" * 50], f"{'x' * 48}, {'y' * 50}"),
        (["x" * 101], f"{'x' * 99}…"),
        (["a" * 60, "b" * 60, "c"], "a" * 60),
    ],
)
def test_credentials_over_100_characters_are_cut_not_refused(texts: list[str], credentials: str) -> None:
    result = mapped(practitioner(qualification=[{"code": {"text": text}} for text in texts]))
    assert result.update.fields["credentials"] == credentials
    assert (Note.CREDENTIALS_CUT in result.notes) is (len(", ".join(texts)) > 100)


def test_credentials_without_end_are_cut_in_no_time() -> None:
    qualifications = [{"code": {"text": f"Q{number:07}"}} for number in range(100_000)]
    result = mapped(practitioner(qualification=qualifications))
    assert result.update.fields["credentials"] == ", ".join(f"Q{number:07}" for number in range(10))


def test_a_credential_that_shows_nothing_is_none() -> None:
    hidden = [{"code": {"text": text}} for text in ("\N{ZERO WIDTH SPACE}", "LPC")]
    assert fields(practitioner(qualification=hidden))["credentials"] == "LPC"


def test_staff_that_left_is_not_active_whatever_else_is_wrong() -> None:
    assert fields(practitioner(active=False))["registry_active"] is False
    assert dict(mapped(practitioner(active=False, name=[])).update.fields) == {"registry_active": False}
    assert refusal(practitioner(active=True, name=[])) == "name is missing"


def test_an_incomplete_practitioner_states_only_what_it_has() -> None:
    bare = {"resourceType": "Practitioner", "id": "s"}
    assert fields(subset(bare)) == {}
    assert fields(subset({**bare, "active": True, "name": [{"text": "Eva"}]})) == {"display_name": "Eva"}
    assert fields(subset({**bare, "active": False})) == {"registry_active": False}


@pytest.mark.parametrize(
    ("stated", "taken"),
    [
        ({}, (True, None)),
        ({"active": False}, (False, None)),
        ({"period": {"start": "2020", "end": "2026-05-31"}}, (True, date(2026, 5, 31))),
        ({"period": {"end": "2026-02"}}, (True, date(2026, 2, 28))),
        ({"period": {"end": "2026-05-31T12:00:00-07:00"}}, (True, date(2026, 5, 31))),
        ({"practitioner": {"reference": "https://fhir.test/Practitioner/s"}}, (True, None)),
    ],
)
def test_a_role_keeps_its_status_and_its_end(stated: dict[str, Any], taken: tuple[bool, date | None]) -> None:
    assert fields(role(**stated)) == {"staff_id": "s", "active": taken[0], "ends_on": taken[1]}


def test_a_role_of_nobody_and_a_role_without_a_right_end_are_refused() -> None:
    for practitioner_ in (None, {"display": "Eva"}, {"reference": "Patient/s"}):
        assert refusal(role(practitioner=practitioner_)) == "practitioner is not a reference to a Practitioner"
    assert refusal(role(period={"end": "soon"})) == "period.end is not a date"
    assert dict(mapped(role(active=False, period={"end": "soon"})).update.fields) == {"active": False}


def test_the_end_of_a_role_is_taken_whatever_else_is_wrong() -> None:
    nobody = {"display": "Eva"}
    result = mapped(role(practitioner=nobody, period={"end": "2025-12-31"}))
    assert dict(result.update.fields) == {"ends_on": date(2025, 12, 31)}
    assert result.fault is not None
    assert refusal(role(practitioner=nobody, period={"end": "2099"})).startswith("practitioner")
