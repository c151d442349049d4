"""Row-level security: the role that answers requests sees one organization, and cannot rewrite what is append-only."""

from db.migrations.row_security import allow_numbering, confine, create_server_role

revision = "0002"
down_revision = "0001"

_READ = "SELECT"
_ADD = "SELECT, INSERT"
_CHANGE = "SELECT, INSERT, UPDATE"


def upgrade() -> None:
    create_server_role()
    for table in ("pm_group_staff_members", "pm_group_locations", "pm_group_patients"):
        confine(table, _READ)
    for table in ("pm_group_definitions", "pm_group_schedule", "pm_group_enrollments"):
        confine(table, _CHANGE)
    for table in ("pm_group_outbox", "pm_group_audit_log"):
        confine(table, _ADD)
    allow_numbering("pm_group_outbox", "sequence")
