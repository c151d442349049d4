"""What is made of an item of a file: an update of ours, a kind that is not imported, or a refusal."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from domain.registry import RegistryUpdate
from server.fhir.resources import Reference

_REFERENCE: Final = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII
)
_URN: Final = re.compile(r"urn:uuid:([A-Za-z0-9\-]{36})", re.ASCII)


class Kind(StrEnum):
    """The types of resources that are imported."""

    PRACTITIONER = "Practitioner"
    PRACTITIONER_ROLE = "PractitionerRole"
    LOCATION = "Location"
    PATIENT = "Patient"


class Note(StrEnum):
    """What the report says about resources that are taken all the same."""

    RECORD_NUMBER_IS_ID = "no record number: the id stands for it"
    INCOMPLETE = "incomplete (SUBSETTED): what is left out stays as it is"
    CREDENTIALS_CUT = "credentials cut to 100 characters"
    SURVIVOR_UNKNOWN = "merged, but the surviving record is not named by a reference"
    TIME_UNKNOWN = "meta.lastUpdated is no instant of the past: ignored"
    ZONE_UNKNOWN = "the time zone is not one of IANA's or CLDR's: ignored"
    ZONE_DEFAULTED = "no time zone: the default one"
    STATUS_ONLY = "refused, except that the record is inactive"
    FOLLOWED = "changed with the location that it is part of"


@dataclass(frozen=True, slots=True)
class Mapped:
    """An update of one of our records.

    Attributes:
        kind: The type of resource.
        update: The update.
        notes: What the report says about it.
        fault: Why nothing but the status was taken of the line; None where all was.
    """

    kind: Kind
    update: RegistryUpdate
    notes: tuple[Note, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A resource of a type that is not imported."""

    type: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that is not imported, and why.

    Attributes:
        reason: The reason; it names fields and limits, never what the item says of a person.
        kind: The type of resource, where it could be read.
        id: The resource's id, where it could be read.
        unread: Whether there may be resources in it that could not be told apart.
    """

    reason: str
    kind: Kind | None = None
    id: str | None = None
    unread: bool = False


Result: TypeAlias = Mapped | Skipped | Refusal


def referenced_id(reference: Reference | None, kind: Kind) -> str | None:
    """Return the id of the resource that is referred to, None where that is of another kind or has no id."""
    found = parse_reference(reference.reference if reference else None)
    return found[1] if found and found[0] in (kind, None) else None


def parse_reference(text: object) -> tuple[str | None, str] | None:
    """Return the type, where it is told, and the id that a reference or an address names."""
    if not isinstance(text, str):
        return None
    if found := _REFERENCE.fullmatch(text):
        return found["type"], found["id"]
    # Within a Bundle a resource without an address of its own goes by its UUID.
    urn = _URN.fullmatch(text)
    return (None, urn[1]) if urn else None
