"""The patients whose records a request discloses, for the access log."""

from collections.abc import Iterable
from typing import Any

from db.queries.pages import Slice
from db.sql.layouts import Records
from db.sql.listings import Listing
from db.transactions.unit_of_work import UnitOfWork


class Disclosures:
    """The patients whose records a request has read, and those of them that are in the access log.

    Attributes:
        operation: The name of the request's operation for the access log, if it has one.
        recorded: The patients that are in the access log, by committed transactions.
    """

    __slots__ = ("_patients", "operation", "recorded")

    def __init__(self) -> None:
        self.operation: str | None = None
        self.recorded: frozenset[str] = frozenset()
        self._patients: set[str] = set()

    def add(self, patient_ids: Iterable[str]) -> None:
        """Add patients whose records the request has read."""
        self._patients.update(patient_ids)

    def add_records(self, listing: Listing[Any], records: Iterable[Any]) -> None:
        """Add the patients whose records these are, if the listing is one of patients' records."""
        name = listing.patient
        if name is not None:
            self.add(
                records.values(name) if isinstance(records, Records) else (getattr(record, name) for record in records)
            )

    def add_page(self, listing: Listing[Any], page: Slice[Any]) -> None:
        """Add the patients whose records are on a page, if the listing is one of patients' records."""
        if listing.patient is not None:
            self.add(page.values(listing.patient))

    @property
    def are_recorded(self) -> bool:
        """Whether all patients are in the access log."""
        return self._patients <= self.recorded

    @property
    def unrecorded(self) -> frozenset[str]:
        """The patients that are not in the access log yet."""
        return frozenset(self._patients - self.recorded)

    def record(self, work: UnitOfWork, patient_ids: Iterable[str] = ()) -> frozenset[str]:
        """Record the unrecorded patients and these patients in a transaction, and return the recorded ones.

        Call `mark_recorded` with them once the transaction is committed.
        """
        patients = self.unrecorded.union(patient_ids) - self.recorded
        if patients:
            work.record_access(self.operation, patients)
        return patients

    def mark_recorded(self, patient_ids: frozenset[str]) -> None:
        """Note that the patients are in the access log."""
        self.recorded |= patient_ids

    def clear(self) -> None:
        """Free the memory. The ids of a long report take half a megabyte."""
        self.recorded = frozenset()
        self._patients.clear()
