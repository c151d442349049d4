"""Compare names without apostrophes, hyphens and invisible characters, and index patients by birth date."""

import sqlalchemy as sa
from alembic import op

from db.migrations.operations.search_texts import rebuild_search_texts

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    text_id, our_id = sa.String(64), sa.Uuid()
    rebuild_search_texts("pm_group_staff_members", "display_name", id_type=text_id)
    rebuild_search_texts("pm_group_locations", "site", "room", id_type=text_id)
    rebuild_search_texts("pm_group_patients", "display_name", "medical_record_number", id_type=text_id)
    rebuild_search_texts("pm_group_definitions", "name", id_type=our_id)
    op.create_index("ix_pm_group_patients_by_birth_date", "pm_group_patients", ["organization_id", "birth_date"])
