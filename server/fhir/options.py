"""How files are imported."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How files are imported.

    Attributes:
        organization_id: Whose they are.
        default_time_zone: The zone of sites that state none.
        identifier_system: The system whose identifiers are record numbers; None: their type decides.
        full: Whether the files are complete exports of the types in them, so that what they lack is no longer active.
        confirm: How many records shall become inactive because of that. None: count them, and change nothing at all.
        report: Where the report for machines goes.
    """

    organization_id: str
    default_time_zone: str
    identifier_system: str | None = None
    full: bool = False
    confirm: int | None = None
    report: Path | None = None

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is stored."""
        return self.full and self.confirm is None
