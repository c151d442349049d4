"""The result of mapping an item of a file: an update of a record, a skipped resource, or a refused item."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.registry import RegistryUpdate
from server.imports.resource_types import ResourceType


class Note(StrEnum):
    """A remark of the report about resources that are imported."""

    RECORD_NUMBER_IS_ID = "no record number: the id is used instead"
    INCOMPLETE = "incomplete (SUBSETTED): missing fields keep their values"
    CREDENTIALS_CUT = "credentials shortened to 100 characters"
    SURVIVOR_UNKNOWN = "merged, but no reference names the surviving record"
    SURVIVOR_IN_CIRCLE = "merged, but the replaced-by links lead back to the record: no record survives"
    TIME_UNKNOWN = "meta.lastUpdated is not a past instant: ignored"
    ZONE_UNKNOWN = "unknown time zone, neither in IANA's nor in CLDR's list: ignored"
    ZONE_DEFAULTED = "no time zone: the default is used"
    STATUS_ONLY = "refused, except for the inactive status"
    SEATED = "active again: a waiting patient got the seat that was free"
    FOLLOWED = "changed together with the location that it is part of"


@dataclass(frozen=True, slots=True)
class Mapped:
    """An update of a record.

    Attributes:
        resource_type: The type of the resource.
        update: The update.
        notes: Remarks for the report.
        error: Why only the status of an invalid resource is imported; None if the resource is valid.
        deleted: Whether the registry has deleted the record.
    """

    resource_type: ResourceType
    update: RegistryUpdate
    notes: tuple[Note, ...] = ()
    error: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A resource of a type that is not imported."""

    type: str


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that is not imported.

    Attributes:
        reason: The reason. It names fields and limits, and contains no personal data.
        resource_type: The type of the resource, if it could be read.
        id: The resource's id, if it could be read.
        hides_resources: Whether the item may contain resources that could not be read.
    """

    reason: str
    resource_type: ResourceType | None = None
    id: str | None = None
    hides_resources: bool = False


Result: TypeAlias = Mapped | Skipped | RefusedItem
