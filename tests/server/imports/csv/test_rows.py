"""The mapping of rows of CSV files to updates of records."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from server.imports.csv.columns import COLUMNS, DateOrder, InvalidHeader, read_header
from server.imports.csv.rows import RowMapper
from server.imports.resource_types import ResourceType
from server.imports.results import Mapped, Note, RefusedItem

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PATIENT, STAFF, LOCATION = ResourceType.PATIENT, ResourceType.PRACTITIONER, ResourceType.LOCATION


def map_row(type_: ResourceType, **cells: str) -> Mapped | RefusedItem:
    return RowMapper(type_, NOW, NOW.date()).map({"id": "a", **cells})


def fields(type_: ResourceType, **cells: str) -> dict[str, Any]:
    result = map_row(type_, **cells)
    assert isinstance(result, Mapped), result
    assert result.error is None
    return dict(result.update.fields)


def refusal(type_: ResourceType, **cells: str) -> str:
    result = map_row(type_, **cells)
    assert isinstance(result, RefusedItem), result
    return result.reason


def test_each_column_of_a_patient_sets_its_field() -> None:
    row = {
        "name": "Ada  Test",
        "preferred_name": "Addie",
        "record_number": "MR-1",
        "birth_date": "1980-02-29",
        "active": "yes",
    }
    assert fields(PATIENT, **row) == {
        "display_name": "Ada Test",
        "preferred_name": "Addie",
        "medical_record_number": "MR-1",
        "birth_date": date(1980, 2, 29),
        "active": True,
    }


def test_each_column_of_staff_sets_its_field() -> None:
    assert fields(STAFF, name="Eva Test", credentials="LCSW", active="0") == {
        "display_name": "Eva Test",
        "credentials": "LCSW",
        "registry_active": False,
    }


def test_each_column_of_a_location_sets_its_field() -> None:
    assert fields(LOCATION, name="Room 1", part_of="site", time_zone="Mountain Standard Time", active="Active") == {
        "name": "Room 1",
        "is_part": True,
        "parent_id": "site",
        "parent_name": None,
        "own_time_zone": "America/Denver",
        "active": True,
    }


@pytest.mark.parametrize("type_", [PATIENT, STAFF, LOCATION])
def test_a_column_that_is_missing_sets_no_field(type_: ResourceType) -> None:
    assert fields(type_) == {}


def test_an_empty_cell_clears_an_optional_field() -> None:
    empty = {"birth_date": "", "replaced_by": "", "preferred_name": ""}
    assert fields(PATIENT, **empty) == dict.fromkeys(empty)
    assert fields(STAFF, credentials="") == {"credentials": None}
    assert fields(LOCATION, part_of="", time_zone="")["parent_id"] is None


def test_a_patient_without_a_record_number_gets_the_id() -> None:
    result = map_row(PATIENT, record_number="")
    assert isinstance(result, Mapped)
    assert result.update.fields == {"medical_record_number": "a"}
    assert result.notes == (Note.RECORD_NUMBER_IS_ID,)


def test_a_replaced_patient_is_inactive_even_if_marked_active() -> None:
    assert fields(PATIENT, replaced_by="b", active="true") == {"replaced_by": "b", "active": False}


@pytest.mark.parametrize(
    ("order", "text"),
    [(DateOrder.YMD, "1980-2-29"), (DateOrder.MDY, "2/29/1980"), (DateOrder.DMY, "29.02.1980")],
)
def test_dates_are_read_in_the_order_of_the_file(order: DateOrder, text: str) -> None:
    result = RowMapper(PATIENT, NOW, NOW.date(), order).map({"id": "a", "birth_date": text})
    assert isinstance(result, Mapped)
    assert result.update.fields == {"birth_date": date(1980, 2, 29)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("02/29/1980", "birth_date is not a date of the form YYYY-MM-DD"),
        ("80-02-29", "birth_date is not a date of the form YYYY-MM-DD"),
        ("29314", "birth_date is not a date of the form YYYY-MM-DD"),
        ("1981-02-29", "birth_date is not a day of the calendar"),
        ("0000-01-01", "birth_date is not a day of the calendar"),
        ("1799-01-01", "birth_date is before 1880"),
        ("2126-01-01", "birth_date is in the future"),
    ],
)
def test_a_date_that_cannot_be_right_is_refused(text: str, reason: str) -> None:
    assert refusal(PATIENT, birth_date=text) == reason


@pytest.mark.parametrize(
    ("type_", "cells", "reason"),
    [
        (PATIENT, {"name": ""}, "name is missing"),
        (PATIENT, {"name": "*****"}, "name is masked"),
        (STAFF, {"name": "\u200b"}, "name has no visible character"),
        (LOCATION, {"name": "x" * 301}, "name is longer than 300 characters"),
        (STAFF, {"credentials": "x" * 101}, "credentials is longer than 100 characters"),
        (PATIENT, {"active": ""}, "active must be true or false"),
        (PATIENT, {"active": "maybe"}, "active must be true or false"),
        (LOCATION, {"part_of": "a"}, "part_of is the id of the row itself"),
        (PATIENT, {"replaced_by": "b b"}, "replaced_by must be an id of 1 to 64 letters, digits, hyphens and dots"),
        (PATIENT, {"id": ""}, "id must be 1 to 64 letters, digits, hyphens and dots"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_column(type_: ResourceType, cells: dict[str, str], reason: str) -> None:
    assert refusal(type_, **cells) == reason


def test_an_invalid_row_still_makes_a_record_inactive() -> None:
    result = map_row(PATIENT, name="", active="no")
    assert isinstance(result, Mapped)
    assert (result.update.fields, result.error) == ({"active": False}, "name is missing")


def test_the_time_of_a_change_is_a_past_instant() -> None:
    result = map_row(PATIENT, updated_at="2026-05-01T10:00:00-07:00")
    assert isinstance(result, Mapped)
    assert result.update.updated_at == datetime(2026, 5, 1, 17, tzinfo=UTC)
    for text in ("2026-05-01", "2027-01-01T00:00:00Z"):
        ignored = map_row(PATIENT, updated_at=text)
        assert isinstance(ignored, Mapped)
        assert (ignored.update.updated_at, ignored.notes) == (None, (Note.TIME_UNKNOWN,))


def test_a_header_is_read_whatever_its_case_and_spaces() -> None:
    assert read_header([" ID", "Record Number", "birth-date", "", ""], PATIENT) == ["id", "record_number", "birth_date"]


@pytest.mark.parametrize("type_", [PATIENT, STAFF, LOCATION])
def test_every_column_of_a_type_may_be_in_its_header(type_: ResourceType) -> None:
    assert read_header(COLUMNS[type_], type_) == list(COLUMNS[type_])


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["id", "Ada Test"], "column 2 of the header is unknown; the columns are: id, name, credentials, "),
        (["id", "name", "Name"], "column name occurs twice in the header"),
        (["name"], "the header has no column id; the columns are: id, name, credentials, "),
        ([], "the header has no column id"),
    ],
)
def test_a_wrong_header_is_refused_without_quoting_it(cells: list[str], reason: str) -> None:
    with pytest.raises(InvalidHeader, match=reason) as raised:
        read_header(cells, STAFF)
    assert "Ada" not in str(raised.value)
