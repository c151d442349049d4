"""The options of an import."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import.

    Attributes:
        organization_id: The organization that the records belong to.
        default_time_zone: The time zone of sites that state none.
        full: Whether the files are a complete export of the types in them, so that missing records become inactive.
        confirm: The number of records to make inactive; None only counts them and stores nothing.
        report: The path of the JSON report.
        actor: Who gives the seats of the import, in histories and events.
    """

    organization_id: str
    default_time_zone: str
    full: bool = False
    confirm: int | None = None
    report: Path | None = None
    actor: str = "import-fhir"

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is stored."""
        return self.full and self.confirm is None
