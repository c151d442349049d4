"""Refusals: an input that a rule of the domain does not accept, with the reasons for the person who sent it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

FieldPath = tuple[str, ...]


class FaultCode(StrEnum):
    """Why an input is refused. The values are those of UserErrorCode in the API."""

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
    """One reason to refuse an input.

    Attributes:
        code: The kind of fault, for programs.
        message: What is wrong and how to correct it, for people. Never names a patient.
        field: The path of the faulty value in the input, in the API's names, such as ("input", "maxCapacity").
        enrollment_id: The enrollment that makes the patient already enrolled; None for other codes.
    """

    code: FaultCode
    message: str
    field: FieldPath | None = None
    enrollment_id: UUID | None = None


class Refusal(Exception):
    """An input is refused, with all its faults. It rolls the transaction back.

    Attributes:
        faults: The faults.
        patients: The ids of the patients whose records the faults disclose, for the access log.
    """

    def __init__(self, *faults: Fault, patients: Iterable[str] = ()) -> None:
        super().__init__("; ".join(f"{fault.code}: {fault.message}" for fault in faults))
        self.faults = faults
        self.patients = frozenset(patients)


def refuse_if_any(faults: Iterable[Fault]) -> None:
    """Raise one Refusal with all the faults, if there are any."""
    all_faults = tuple(faults)
    if all_faults:
        raise Refusal(*all_faults)
