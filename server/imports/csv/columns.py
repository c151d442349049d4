"""The columns of CSV files, and the header that names them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from server.imports.resource_types import ResourceType

TYPES: Final = {
    "patients": ResourceType.PATIENT,
    "staff": ResourceType.PRACTITIONER,
    "locations": ResourceType.LOCATION,
}
"""The types of records by the option that names their files."""

COLUMNS: Final = {
    ResourceType.PATIENT: (
        *("id", "name", "preferred_name", "record_number", "birth_date", "active", "replaced_by", "updated_at"),
    ),
    ResourceType.PRACTITIONER: ("id", "name", "credentials", "active", "updated_at"),
    ResourceType.LOCATION: ("id", "name", "part_of", "time_zone", "active", "updated_at"),
}
"""The columns of the files of each type. Only `id` is required in the header."""


class DateOrder(StrEnum):
    """The order of day, month and year in the dates of a file."""

    YMD = "ymd"
    MDY = "mdy"
    DMY = "dmy"


class InvalidHeader(Exception):
    """The first line of a file does not name its columns. The reason quotes nothing, because it may be a record."""


def read_header(cells: Sequence[str], resource_type: ResourceType) -> list[str]:
    """Return the names of the columns. Raise InvalidHeader if one is unknown or occurs twice, or if `id` is missing.

    Case and surrounding spaces do not matter, and a space or hyphen counts as an underscore.
    """
    known = COLUMNS[resource_type]
    names = ["_".join(cell.casefold().replace("-", " ").replace("_", " ").split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    for number, name in enumerate(names, start=1):
        if name not in known:
            raise InvalidHeader(f"column {number} of the header is unknown; the columns are: {', '.join(known)}")
        if name in names[: number - 1]:
            raise InvalidHeader(f"column {name} occurs twice in the header")
    if "id" not in names:
        raise InvalidHeader(f"the header has no column id; the columns are: {', '.join(known)}")
    return names
