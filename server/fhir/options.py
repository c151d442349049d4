"""The options of an import."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    Attributes:
        organization_id: The organization that the records belong to.
        default_time_zone: The time zone of sites that state none.
        identifier_system: The identifier system of record numbers; None decides by the type of the identifiers.
        full: Whether the files are a complete export of the types in them, so that missing records become inactive.
        confirm: The number of records to make inactive; None only counts them and stores nothing.
        report: The path of the JSON report.
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
