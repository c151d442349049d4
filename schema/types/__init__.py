"""The types that clients see. They are declared over the domain's records: those are the values at run time."""

from schema.types.enrollments import Enrollment
from schema.types.groups import GroupDefinition
from schema.types.history import AuditEntry
from schema.types.occurrences import Occurrence
from schema.types.recurrence import RecurrencePreview
from schema.types.references import Location, Patient, StaffMember

__all__ = [
    "AuditEntry",
    "Enrollment",
    "GroupDefinition",
    "Location",
    "Occurrence",
    "Patient",
    "RecurrencePreview",
    "StaffMember",
]
