"""Makes a table append-only: the database itself rejects changes and deletions of its rows."""

from alembic import op

from db.sql.triggers import SQLITE_TRIGGERS, TRIGGERS, create_trigger_function


def refuse_changes(table: str) -> None:
    """Create the triggers that reject UPDATE, DELETE and TRUNCATE on the table."""
    if op.get_bind().dialect.name == "sqlite":
        for name, statement in SQLITE_TRIGGERS.items():
            if name.startswith(f"{table}_refuses_"):
                op.execute(statement)
        return
    for trigger in TRIGGERS:
        if trigger.function == f"{table}_refuses":
            op.execute(create_trigger_function(trigger.function))
            op.execute(trigger.create)
