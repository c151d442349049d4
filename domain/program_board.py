"""The order of patients' weeks on the board of a program: the worst first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.compliance import ComplianceStatus
from domain.patient_compliance import ComplianceOutlook, PatientCompliance

_WORST_FIRST: Final = (
    ComplianceOutlook.CANNOT_BE_MET,
    ComplianceOutlook.AT_RISK,
    ComplianceOutlook.ON_TRACK,
    ComplianceOutlook.MET,
)
_RANKS: Final[Mapping[ComplianceOutlook, int]] = {outlook: rank for rank, outlook in enumerate(_WORST_FIRST)}
_HUNDREDTHS: Final = 100


class Urgency(NamedTuple):
    """How urgent a week is, in the order of the board. It names nobody but by the id.

    Attributes:
        rank: The place of the outlook, from 0 for the worst.
        hours: The hours that are missing, in hundredths and negative: the most come first.
        patient_id: The patient.
    """

    rank: int
    hours: int
    patient_id: str

    def place(self, names: Mapping[str, str]) -> tuple[int, int, str, str]:
        """Return the place in the order of the board, by the patients' names."""
        return self.rank, self.hours, names.get(self.patient_id, ""), self.patient_id


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """Narrows a board to weeks of some statuses and outlooks; None for all."""

    statuses: Collection[ComplianceStatus] | None = None
    outlooks: Collection[ComplianceOutlook] | None = None

    def matches(self, week: PatientCompliance) -> bool:
        """Return whether the week is listed."""
        has_status = self.statuses is None or week.status in self.statuses
        return has_status and (self.outlooks is None or week.outlook in self.outlooks)


def urgency(week: PatientCompliance) -> Urgency:
    """Return how urgent a week is."""
    return Urgency(_RANKS[week.outlook], -round(week.hours_missing * _HUNDREDTHS), week.patient_id)
