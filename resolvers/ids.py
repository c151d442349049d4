"""Ids as clients send and receive them.

Groups, sessions, enrollments and entries of the history have UUIDs. Staff, locations and patients have ids of their
registries, in which two records of different types may have the same id. In the API a prefix makes them unique.
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.refusal import Fault, FaultCode, Refusal

_CANONICAL: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)


def parse_id(text: str) -> UUID | None:
    """Return the UUID that the text spells in canonical form, else None."""
    # UUID() also accepts braces, urn: and missing hyphens, so that one id would have many spellings.
    return UUID(text) if _CANONICAL.fullmatch(text) else None


_NO_RECORD: Final = ""
"""No registry has a record with the empty id."""


@dataclass(frozen=True, slots=True)
class RegistryIds:
    """The ids of one type of a registry's records. An id is the prefix of the type and the registry's own id."""

    prefix: str

    def registry_id(self, id: str) -> str:
        """Return the registry's own id of an id with the prefix or without one.

        Return the id of no record if the prefix is that of another type. So if a registry's own id starts with one of
        the prefixes, only the form with the prefix of its type in front of it finds the record.
        """
        ids = registry_ids_of(id)
        if ids is None:
            return id
        return id.removeprefix(self.prefix) if ids is self else _NO_RECORD


STAFF_IDS: Final = RegistryIds("staff:")
LOCATION_IDS: Final = RegistryIds("location:")
PATIENT_IDS: Final = RegistryIds("patient:")


def registry_ids_of(id: str) -> RegistryIds | None:
    """Return the type of registry records whose prefix the id has; None if it has none."""
    return next((ids for ids in (STAFF_IDS, LOCATION_IDS, PATIENT_IDS) if id.startswith(ids.prefix)), None)


def not_found(noun: str, field: str) -> Refusal:
    """Return the refusal of an id that is invalid, or unknown in the caller's organization."""
    return Refusal(Fault(FaultCode.NOT_FOUND, f"There is no {noun} with this id.", ("input", field)))
