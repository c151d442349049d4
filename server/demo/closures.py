"""The closures of the demo clinic."""

from dataclasses import dataclass
from datetime import date, timedelta

from domain.closures import ClosureDraft


@dataclass(frozen=True, slots=True)
class DemoClosure:
    """One closure of the demo clinic.

    Attributes:
        name: The reason.
        first_day: The first day, in days after today.
        days: How many days it lasts.
        location_id: The room; None for the whole organization.
    """

    name: str
    first_day: int
    days: int
    location_id: str | None = None

    def draft(self, today: date) -> ClosureDraft:
        """Return the closure as the domain's draft."""
        first = today + timedelta(days=self.first_day)
        return ClosureDraft(self.name, first, first + timedelta(days=self.days - 1), self.location_id)


DEMO_CLOSURES = (
    # Sessions are scheduled on these days already: each of them is a conflict.
    DemoClosure("Floor repairs", 9, 3, "saguaro-3"),
    # No sessions are scheduled so far ahead. Generating them leaves the day out.
    DemoClosure("Staff retreat", 70, 1),
)
