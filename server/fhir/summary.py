"""The counts of an import."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from server.fhir.kinds import Kind, Note

_OTHER: Final = "Other"


@dataclass(slots=True)
class Counts:
    """How many resources of a type had each outcome."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    skipped: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Absence:
    """How many records of a type the files hold, how many are active here, and how many of these the files lack."""

    in_files: int
    active: int
    absent: int


@dataclass(slots=True)
class ImportSummary:
    """What an import did.

    Attributes:
        counts: By type; "Other" are items whose type could not be read.
        notes: How many resources of a type each note is about.
        absences: What a complete export no longer holds, by type.
        deactivated: Whether these records were made inactive.
        unread: How many items there are in which unknown resources may be.
        dry_run: Whether nothing was stored.
    """

    counts: dict[str, Counts] = field(default_factory=dict)
    notes: Counter[tuple[Kind, Note]] = field(default_factory=Counter)
    absences: dict[Kind, Absence] = field(default_factory=dict)
    deactivated: bool = False
    unread: int = 0
    dry_run: bool = False

    def of(self, type: str | None) -> Counts:
        """Return the counts of a type."""
        return self.counts.setdefault(type or _OTHER, Counts())

    @property
    def holds_resources(self) -> bool:
        """Whether anything in the files is a FHIR resource."""
        return any(name != _OTHER for name in self.counts)

    @property
    def refused(self) -> int:
        """How many items were refused."""
        return sum(item.refused for item in self.counts.values())

    @property
    def absent(self) -> int:
        """How many active records the files lack."""
        return sum(item.absent for item in self.absences.values())

    def as_json(self) -> dict[str, Any]:
        """Return the summary in the form that the report for machines has."""
        return {
            "counts": {name: asdict(counts) for name, counts in self.counts.items()},
            "notes": [
                {"type": kind, "note": note.name, "text": note, "count": count}
                for (kind, note), count in self.notes.items()
            ],
            "absent": {kind: asdict(absence) for kind, absence in self.absences.items()},
            "deactivated": self.deactivated,
            "dryRun": self.dry_run,
        }
