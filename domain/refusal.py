"""What a rule of the domain says no to: facts with a name, told to the person who asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

FieldPath = tuple[str, ...]


class FaultCode(StrEnum):
    """Why an input was refused; the values are the API's UserErrorCode."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_ENROLLED = "ALREADY_ENROLLED"
    NOT_ACTIVE = "NOT_ACTIVE"
    AT_CAPACITY = "AT_CAPACITY"
    GROUP_DELETED = "GROUP_DELETED"
    OCCURRENCE_CANCELLED = "OCCURRENCE_CANCELLED"
    OCCURRENCE_COMPLETED = "OCCURRENCE_COMPLETED"
    DUPLICATE_OCCURRENCE = "DUPLICATE_OCCURRENCE"
    INVALID_RECURRENCE_RULE = "INVALID_RECURRENCE_RULE"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    WAITLIST_FULL = "WAITLIST_FULL"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one input.

    Attributes:
        code: The kind of fault, for programs.
        message: What is wrong and what would be right, for people. Never names a patient.
        field: The path into the input that it concerns, in the API's names, e.g. ("input", "maxCapacity").
    """

    code: FaultCode
    message: str
    field: FieldPath | None = None


class Refusal(Exception):
    """An input that the rules refuse, with all its faults at once. It rolls the transaction back.

    Attributes:
        faults: What is wrong.
        patients: The patients whose records the faults disclose, by id, for the access log.
    """

    def __init__(self, *faults: Fault, patients: Iterable[str] = ()) -> None:
        super().__init__("; ".join(f"{fault.code}: {fault.message}" for fault in faults))
        self.faults = faults
        self.patients = frozenset(patients)


def refuse_if_any(faults: Iterable[Fault]) -> None:
    """Raise one Refusal with all the faults, if there are any."""
    found = tuple(faults)
    if found:
        raise Refusal(*found)
