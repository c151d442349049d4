"""The counts of an import."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from server.imports.resource_types import ResourceType
from server.imports.results import Note

_OTHER: Final = "Other"


@dataclass(slots=True)
class Counts:
    """The number of resources of one type by outcome."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    skipped: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class MissingRecords:
    """The comparison of a complete export with the stored records of one type.

    Attributes:
        in_files: The number of records in the files.
        active: The number of active stored records.
        missing: The number of active stored records that are missing from the files.
    """

    in_files: int
    active: int
    missing: int


@dataclass(slots=True)
class ImportSummary:
    """The counts of an import.

    Attributes:
        counts: The counts by type. "Other" counts items whose type could not be read.
        notes: The number of resources of a type that a note applies to.
        missing_records: The records that are missing from a complete export, by type.
        deactivated: Whether the missing records were made inactive.
        unreadable: The number of items that may contain resources that could not be read.
        dry_run: Whether nothing was stored.
    """

    counts: dict[str, Counts] = field(default_factory=dict)
    notes: Counter[tuple[ResourceType, Note]] = field(default_factory=Counter)
    missing_records: dict[ResourceType, MissingRecords] = field(default_factory=dict)
    deactivated: bool = False
    unreadable: int = 0
    dry_run: bool = False

    def counts_of(self, type: str | None) -> Counts:
        """Return the counts of a type."""
        return self.counts.setdefault(type or _OTHER, Counts())

    @property
    def has_resources(self) -> bool:
        """Whether the files contain any FHIR resource."""
        return any(name != _OTHER for name in self.counts)

    @property
    def refused(self) -> int:
        """The number of refused items."""
        return sum(item.refused for item in self.counts.values())

    @property
    def missing(self) -> int:
        """The number of active records that are missing from the files."""
        return sum(item.missing for item in self.missing_records.values())

    def as_json(self) -> dict[str, Any]:
        """Return the summary in the format of the JSON report."""
        return {
            "counts": {name: asdict(counts) for name, counts in self.counts.items()},
            "notes": [
                {"type": resource_type, "note": note.name, "text": note, "count": count}
                for (resource_type, note), count in self.notes.items()
            ],
            "absent": {
                resource_type: {"in_files": records.in_files, "active": records.active, "absent": records.missing}
                for resource_type, records in self.missing_records.items()
            },
            "deactivated": self.deactivated,
            "dryRun": self.dry_run,
        }
