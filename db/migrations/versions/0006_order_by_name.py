"""Order lists by the search text, which ignores case and accents."""

from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = ("pm_group_definitions", "pm_group_staff_members", "pm_group_patients")


def upgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_by_name", table)
        op.create_index(f"ix_{table}_by_name", table, ["organization_id", "search_text", "id"])
