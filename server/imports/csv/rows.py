"""The mapping of the rows of CSV files to updates of records."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain.birth_dates import birth_fault
from domain.registry import RegistryUpdate
from server.imports.csv.columns import DateOrder
from server.imports.dates import past_instant
from server.imports.resource_types import ACTIVE_FIELDS, ResourceType
from server.imports.results import Mapped, Note, RefusedItem
from server.imports.text_fields import (
    INVALID_ID,
    MAX_NAME_LENGTH,
    InvalidResource,
    clean_text,
    is_fhir_id,
    is_masked,
    require_text,
)
from server.imports.time_zones import find_time_zone

_YES: Final = frozenset({"true", "yes", "y", "1", "active"})
_NO: Final = frozenset({"false", "no", "n", "0", "inactive"})
_DATE: Final = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})", re.ASCII)

Row = Mapping[str, str]
"""The cells of a row by column, without surrounding spaces. Columns that the file does not have are missing."""


_FORMS: Final = {DateOrder.YMD: "YYYY-MM-DD", DateOrder.MDY: "MM/DD/YYYY", DateOrder.DMY: "DD/MM/YYYY"}


@dataclass(frozen=True, slots=True)
class RowMapper:
    """Maps rows of one type to updates of records.

    Attributes:
        resource_type: The type of the records.
        now: The current time.
        today: The current date in the organization's time zone.
        date_order: The order of day, month and year in the file.
    """

    resource_type: ResourceType
    now: datetime
    today: date
    date_order: DateOrder = DateOrder.YMD

    def map(self, row: Row) -> Mapped | RefusedItem:
        """Map a row. A column that the file does not have keeps its stored value; an empty cell clears it."""
        record_id = row["id"]
        if not is_fhir_id(record_id):
            return RefusedItem(INVALID_ID, self.resource_type, hides_resources=True)
        updated_at, notes = None, []
        if row.get("updated_at"):
            updated_at = past_instant(row["updated_at"], self.now)
            notes = [] if updated_at else [Note.TIME_UNKNOWN]
        try:
            fields = {**self._fields(row, notes), **self._status(row)}
        except InvalidResource as error:
            return self._refused(row, updated_at, error)
        return Mapped(self.resource_type, RegistryUpdate(record_id, fields, updated_at), tuple(notes))

    def _refused(self, row: Row, updated_at: datetime | None, error: InvalidResource) -> Mapped | RefusedItem:
        """Refuse an invalid row. One that is clearly inactive still makes the stored record inactive."""
        if row.get("active", "").casefold() in _NO:
            update = RegistryUpdate(row["id"], {ACTIVE_FIELDS[self.resource_type]: False}, updated_at)
            return Mapped(self.resource_type, update, error=error.reason)
        return RefusedItem(error.reason, self.resource_type, row["id"])

    def _fields(self, row: Row, notes: list[Note]) -> dict[str, Any]:
        match self.resource_type:
            case ResourceType.PATIENT:
                return self._patient(row, notes)
            case ResourceType.LOCATION:
                return _location(row, notes)
            case _:
                return _staff(row)

    def _status(self, row: Row) -> dict[str, bool]:
        if row.get("replaced_by"):
            return {"active": False}
        if "active" not in row:
            return {}
        word = row["active"].casefold()
        if word not in _YES | _NO:
            raise InvalidResource("active must be true or false")
        return {ACTIVE_FIELDS[self.resource_type]: word in _YES}

    def _patient(self, row: Row, notes: list[Note]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if "name" in row:
            fields["display_name"] = _person_name(row["name"])
        if "preferred_name" in row:
            fields["preferred_name"] = _preferred_name(row["preferred_name"])
        if "record_number" in row:
            fields["medical_record_number"] = clean_text(row["record_number"], "record_number", 100) or row["id"]
            if not row["record_number"]:
                notes.append(Note.RECORD_NUMBER_IS_ID)
        if "birth_date" in row:
            fields["birth_date"] = self._birth_date(row["birth_date"])
        if "replaced_by" in row:
            fields["replaced_by"] = _other_id(row, "replaced_by")
        return fields

    def _birth_date(self, text: str) -> date | None:
        if not text:
            return None
        parts = _DATE.fullmatch(text)
        numbers = dict(zip(self.date_order.value, parts.groups(), strict=True)) if parts else {}
        if len(numbers.get("y", "")) != 4:
            raise InvalidResource(f"birth_date is not a date of the form {_FORMS[self.date_order]}")
        try:
            day = date(*(int(numbers[part]) for part in "ymd"))
        except ValueError:
            raise InvalidResource("birth_date is not a day of the calendar") from None
        if fault := birth_fault(day, day, self.today):
            raise InvalidResource(f"birth_date {fault}")
        return day


def _staff(row: Row) -> dict[str, Any]:
    reads: dict[str, tuple[str, Callable[[str], str | None]]] = {
        "name": ("display_name", _person_name),
        "credentials": ("credentials", lambda text: clean_text(text, "credentials", 100) or None),
    }
    return {field: read(row[column]) for column, (field, read) in reads.items() if column in row}


def _location(row: Row, notes: list[Note]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "name" in row:
        fields["name"] = require_text(row["name"], "name", MAX_NAME_LENGTH)
    if "part_of" in row:
        parent = _other_id(row, "part_of")
        fields |= {"is_part": parent is not None, "parent_id": parent, "parent_name": None}
    if "time_zone" in row:
        zone = find_time_zone(row["time_zone"]) if row["time_zone"] else None
        if row["time_zone"] and zone is None:
            notes.append(Note.ZONE_UNKNOWN)  # a stored zone is kept
        else:
            fields["own_time_zone"] = zone
    return fields


def _person_name(text: str) -> str:
    if is_masked(text):
        raise InvalidResource("name is masked")
    return require_text(text, "name", MAX_NAME_LENGTH)


def _preferred_name(text: str) -> str | None:
    return None if is_masked(text) else clean_text(text, "preferred_name", MAX_NAME_LENGTH) or None


def _other_id(row: Row, column: str) -> str | None:
    """Return the id of another record of the same type, or None if the cell is empty."""
    other = row[column] or None
    if other is not None and not is_fhir_id(other):
        raise InvalidResource(f"{column} must be an id of 1 to 64 letters, digits, hyphens and dots")
    if other == row["id"]:
        raise InvalidResource(f"{column} is the id of the row itself")
    return other
