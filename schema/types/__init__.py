"""The object types of the API. At run time their values are records of the domain."""

from schema.types.calendar_feeds import CalendarFeed
from schema.types.closures import Closure
from schema.types.compliance import ComplianceRuleSet
from schema.types.conflicts import Conflict
from schema.types.enrollments import Enrollment
from schema.types.groups import GroupDefinition
from schema.types.history import AuditEntry
from schema.types.occurrences import Occurrence
from schema.types.recurrence import RecurrencePreview
from schema.types.references import Location, Patient, StaffMember

__all__ = [
    "AuditEntry",
    "CalendarFeed",
    "Closure",
    "ComplianceRuleSet",
    "Conflict",
    "Enrollment",
    "GroupDefinition",
    "Location",
    "Occurrence",
    "Patient",
    "RecurrencePreview",
    "StaffMember",
]
