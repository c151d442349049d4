"""The tables, with every rule of the domain that a constraint can enforce.

Foreign keys include the organization, so the database rejects a row that refers to another organization's row.
Migrations create the schema of a running database. A test compares their result with these declarations.
"""

from db.tables.calendar_feeds import calendar_feeds
from db.tables.closures import closures
from db.tables.columns import Instant, metadata
from db.tables.events import outbox, parked_events, relay_lanes, relay_sinks
from db.tables.groups import enrollments, group_definitions, occurrences
from db.tables.idempotency import idempotency_keys, idempotency_steps
from db.tables.logs import access_log, audit_log
from db.tables.references import locations, patient_endings, patients, staff_members, staff_roles
from db.tables.reporting import reporting_tokens

__all__ = [
    "Instant",
    "access_log",
    "audit_log",
    "calendar_feeds",
    "closures",
    "enrollments",
    "group_definitions",
    "idempotency_keys",
    "idempotency_steps",
    "locations",
    "metadata",
    "occurrences",
    "outbox",
    "parked_events",
    "patient_endings",
    "patients",
    "relay_lanes",
    "relay_sinks",
    "reporting_tokens",
    "staff_members",
    "staff_roles",
]
