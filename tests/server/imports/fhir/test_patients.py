"""Mapping of a Patient: name, record number, birth date and status."""

from datetime import date
from typing import Any

import pytest

from server.imports.results import Note
from tests.server.imports.fhir.resources import map_content, mapped_fields, patient, refusal_reason, subset

MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
PT = {"coding": [{"code": "PT"}]}
ENDED = {"end": "2026-05-31"}
MASKED = [{"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}]


def test_a_patient_requires_only_a_name() -> None:
    assert mapped_fields(patient()) == {
        "display_name": "Ada Test",
        "medical_record_number": "p",
        "birth_date": None,
        "active": True,
        "replaced_by": None,
        "preferred_name": None,
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([{"use": "official", "text": "Ada Test"}, {"use": "usual", "given": ["Addie"], "family": "Test"}], "Addie"),
        ([{"text": "Ada Test"}, {"use": "nickname", "text": "Addie"}], "Addie"),
        (
            [
                {"use": "official", "text": "Ada Test"},
                {"use": "nickname", "text": "Ad"},
                {"use": "usual", "given": ["Addie"]},
            ],
            "Addie",
        ),
        ([{"text": "Ada Test", "given": ["Ada"]}, {"use": "usual", "given": ["ada"]}], None),
        ([{"text": "Ada Test"}, {"use": "usual", "text": "Ada Test"}], None),
        ([{"text": "Ada Test"}, {"use": "usual", "given": ["Ada"], "family": "Test"}], None),
        ([{"text": "Ada Test"}, {"use": "nickname", "text": "Addie", "period": ENDED}], None),
        ([{"text": "Ada Test"}, {"use": "nickname", "text": "*****"}], None),
        ([{"use": "usual", "given": ["Addie"], "family": "Test"}], None),
        ([{"text": "Ada Test"}], None),
    ],
)
def test_the_preferred_name_is_a_current_usual_name_or_nickname(
    names: list[dict[str, Any]], expected: str | None
) -> None:
    assert mapped_fields(patient(name=names))["preferred_name"] == expected


def test_a_subset_without_names_keeps_the_preferred_name() -> None:
    assert "preferred_name" not in mapped_fields(subset({"resourceType": "Patient", "id": "p"}))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            [{"use": "old", "text": "Old"}, {"use": "usual", "text": "Usual"}, {"use": "official", "text": "Real"}],
            "Real",
        ),
        ([{"use": "nickname", "text": "Nick"}, {"text": "Plain"}], "Plain"),
        ([{"use": "official", "text": " "}, {"use": "maiden", "family": "Born"}], "Born"),
        ([{"given": ["James", None, "Lee "], "family": "James"}], "James Lee James"),
        ([{"text": "Ada\n  Test", "family": "Other"}], "Ada Test"),
        ([{"use": "official", "text": "Before", "period": ENDED}, {"use": "usual", "text": "Now"}], "Now"),
        ([{"use": "official", "text": "Before", "period": ENDED}, {"use": "nickname", "text": "Now"}], "Now"),
        ([{"use": "official", "text": "Then", "period": {"start": "2026-06-02"}}, {"text": "Now"}], "Now"),
        (
            [{"use": "usual", "text": "Last", "period": ENDED}, {"use": "official", "text": "Older", "period": ENDED}],
            "Older",
        ),
        ([{"text": "Today", "period": {"end": "2026-06-01T23:59:59-07:00"}}, {"use": "temp", "text": "Temp"}], "Today"),
        ([{"text": "This year", "period": {"end": "2026"}}, {"use": "temp", "text": "Temp"}], "This year"),
        (
            [{"text": "First", "period": {"start": "2001"}}, {"text": "Second", "period": {"start": "2020-05"}}],
            "Second",
        ),
        ([{"text": "First"}, {"text": "Second"}], "First"),
        ([{"use": "official", "text": "*****"}, {"use": "old", "text": "Known"}], "Known"),
    ],
)
def test_a_current_name_comes_first_and_then_its_use_decides(names: list[dict[str, Any]], expected: str) -> None:
    assert mapped_fields(patient(name=names))["display_name"] == expected


@pytest.mark.parametrize("name", [[{"text": "*****"}], [{"given": ["A"], "family": "*****"}]])
def test_a_masked_name_is_refused(name: list[dict[str, Any]]) -> None:
    assert refusal_reason(patient(name=name)) == "name is masked"
    assert refusal_reason(patient(name=MASKED)) == "name is missing"


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([{"value": "no type"}, {"type": {"coding": [{"code": "SS"}]}, "value": "social"}], None),
        ([{"type": MR, "use": "old", "value": "MR-0"}, {"type": MR, "value": "MR-1"}], "MR-1"),
        ([{"type": MR, "use": "secondary", "value": "MR-0"}, {"type": MR, "value": "MR-1"}], "MR-1"),
        ([{"type": MR, "use": "temp", "value": "MR-0"}, {"type": MR, "use": "usual", "value": "MR-1"}], "MR-1"),
        ([{"type": MR, "period": ENDED, "value": "MR-0"}, {"type": MR, "value": "MR-1"}], "MR-1"),
        ([{"type": MR, "period": ENDED, "value": "MR-0"}, {"type": PT, "value": "PT-1"}], "PT-1"),
        ([{"type": MR, "period": ENDED, "value": "MR-0"}, {"type": MR, "use": "temp", "value": "T"}], "T"),
        ([{"type": MR, "use": "old", "value": "MR-0"}], "MR-0"),
        ([{"type": {"text": "MRN"}, "value": "T-1"}, {"type": PT, "value": "PT-1"}], "PT-1"),
        ([{"type": PT, "value": "PT-1"}, {"type": MR, "value": "MR-1"}], "MR-1"),
        ([{"type": {"text": "Medical  Record Number"}, "value": "T-1"}], "T-1"),
        ([{"type": {"coding": [{"code": "MRN"}]}, "value": "C-1"}], "C-1"),
        ([{"type": {"coding": [{"code": "12", "display": "Medical Record Number"}]}, "value": "D-1"}], "D-1"),
        ([{"type": MR, "value": "MR-2"}, {"type": MR, "value": "MR-1"}], "MR-2"),
        ([{"type": MR, "value": "****"}, {"type": MR, "use": "old", "value": "MR-1"}], "MR-1"),
    ],
)
def test_the_record_number_is_a_current_identifier_of_the_best_type(
    identifiers: list[dict[str, Any]], expected: str | None
) -> None:
    result = map_content(patient(identifier=identifiers))
    assert result.update.fields["medical_record_number"] == (expected or "p")
    assert (Note.RECORD_NUMBER_IS_ID in result.notes) is (expected is None)


def test_the_record_number_is_an_identifier_of_the_chosen_system() -> None:
    identifiers = [
        {"type": MR, "system": "urn:other", "value": "MR-1"},
        {"system": "urn:ours", "value": "O-0", "period": ENDED},
        {"system": "urn:ours", "value": "O-1"},
    ]
    assert mapped_fields(patient(identifier=identifiers), "urn:ours")["medical_record_number"] == "O-1"
    assert mapped_fields(patient(identifier=identifiers[:1]), "urn:ours")["medical_record_number"] == "p"


@pytest.mark.parametrize(
    ("text", "expected"), [("1980-02-29", date(1980, 2, 29)), ("1980-02", None), ("1980", None), (None, None)]
)
def test_a_partial_birth_date_is_unknown(text: str | None, expected: date | None) -> None:
    assert mapped_fields(patient(birthDate=text))["birth_date"] == expected


@pytest.mark.parametrize("stated", ["1879-12-31", "1879-12", "1850", "0001-01-01"])
def test_a_birth_before_1880_is_refused(stated: str) -> None:
    assert refusal_reason(patient(birthDate=stated)) == "birthDate is before 1880"
    assert mapped_fields(patient(birthDate="1880"))["birth_date"] is None


@pytest.mark.parametrize("stated", ["2026-06-03", "2027-01", "2027"])
def test_a_birth_after_today_is_refused(stated: str) -> None:
    assert refusal_reason(patient(birthDate=stated)) == "birthDate is in the future"
    assert mapped_fields(patient(birthDate="2026-06-02"))["birth_date"] == date(2026, 6, 2)


@pytest.mark.parametrize("name", ["\u200b", "\u200e \u202e", "\u3164", "\u2800\ufe0f", "\u0301"])
def test_a_name_without_a_visible_character_is_refused(name: str) -> None:
    assert refusal_reason(patient(name=[{"text": name}])) == "name is missing"
    assert (
        mapped_fields(patient(name=[{"use": "official", "text": name}, {"text": "Ada Test"}]))["display_name"]
        == "Ada Test"
    )


@pytest.mark.parametrize("stated", ["1981-02-29", "1980-13", "0000", "19800229", "29.2.1980", "", "1980-01-01T00:00Z"])
def test_an_invalid_birth_date_is_refused(stated: str) -> None:
    assert refusal_reason(patient(birthDate=stated)) == "birthDate is not a date"


@pytest.mark.parametrize(
    "stated",
    [
        {"active": False},
        {"deceasedBoolean": True},
        {"deceasedDateTime": "2020"},
        {"_deceasedDateTime": {"extension": []}},
        {"active": False, "deceasedBoolean": False},
        {"active": True, "deceasedBoolean": True},
    ],
)
def test_deactivated_and_deceased_patients_are_inactive(stated: dict[str, Any]) -> None:
    assert mapped_fields(patient(**stated))["active"] is False


def test_a_living_patient_is_active() -> None:
    assert mapped_fields(patient(active=True, deceasedBoolean=False))["active"] is True


@pytest.mark.parametrize("stated", [{}, {"active": True}, {"active": False}])
@pytest.mark.parametrize(
    ("reference", "survivor"),
    [
        ("Patient/q", "q"),
        ("https://fhir.test/r4/Patient/q/_history/3", "q"),
        ("urn:uuid:0190aaaa-1111-7222-8333-444455556666", "0190aaaa-1111-7222-8333-444455556666"),
        ("Group/q", None),
        ("Patient/p", None),
        ("#contained", None),
        (None, None),
    ],
)
def test_a_merged_patient_is_inactive_and_names_the_survivor(
    stated: dict[str, Any], reference: str | None, survivor: str | None
) -> None:
    link = [
        {"type": "seealso", "other": {"reference": "Patient/x"}},
        {"type": "replaced-by", "other": {"reference": reference}},
    ]
    result = map_content(patient(link=link, **stated))
    assert (result.update.fields["active"], result.update.fields["replaced_by"]) == (False, survivor)
    assert (Note.SURVIVOR_UNKNOWN in result.notes) is (survivor is None)


def test_the_survivor_of_a_merge_stays_active() -> None:
    link = [{"type": "replaces", "other": {"reference": "Patient/q"}}]
    assert mapped_fields(patient(link=link))["active"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": MASKED},
        {"name": [{"text": "*****"}]},
        {"name": []},
        {"birthDate": "31.12.1980"},
        {"gender": 7, "name": 7},
        {"identifier": [{"type": MR, "value": "9" * 101}]},
        {"meta": "nonsense"},
    ],
)
@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"active": False}, {"active": False}),
        ({"deceasedBoolean": True}, {"active": False}),
        ({"deceasedDateTime": "2020"}, {"active": False}),
        ({"active": "wrong", "deceasedBoolean": True}, {"active": False}),
        (
            {"link": [7, {"type": "replaced-by", "other": {"reference": "Patient/q"}}]},
            {"active": False, "replaced_by": "q"},
        ),
        ({"link": [{"type": "replaced-by", "other": {"display": "her record"}}]}, {"active": False}),
    ],
)
def test_the_inactive_status_of_an_invalid_patient_is_imported(
    wrong: dict[str, Any], stated: dict[str, Any], expected: dict[str, Any]
) -> None:
    result = map_content(patient(**wrong, **stated))
    assert dict(result.update.fields) == expected
    assert result.error is not None


def test_an_incomplete_patient_states_only_what_it_has() -> None:
    minimal = {"resourceType": "Patient", "id": "p"}
    assert mapped_fields(subset(minimal)) == {}
    assert mapped_fields(subset({**minimal, "name": [{"text": "Eva"}], "birthDate": "1980", "active": True})) == {
        "display_name": "Eva"
    }
    details = {
        "birthDate": "1980-02-29",
        "identifier": [{"type": MR, "value": "MR-1"}],
        "deceasedBoolean": True,
    }
    assert mapped_fields(subset({**minimal, **details})) == {
        "birth_date": date(1980, 2, 29),
        "medical_record_number": "MR-1",
        "active": False,
    }
    assert Note.INCOMPLETE in map_content(subset(minimal)).notes
