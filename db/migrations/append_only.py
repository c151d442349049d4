"""Makes a table append-only: the database itself refuses to change or delete what was written."""

from alembic import op

_SQLITE = {
    "update": "BEFORE UPDATE ON {table}",
    "delete": "BEFORE DELETE ON {table}",
    # INSERT OR REPLACE deletes the old row without asking the trigger above.
    "replace": "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)",
}


def refuse_changes(table: str) -> None:
    """Has the database refuse UPDATE, DELETE and TRUNCATE on the table. Inserting stays as it is."""
    message = f"{table} is append-only: its rows are never changed or deleted"
    if op.get_bind().dialect.name == "sqlite":
        for action, moment in _SQLITE.items():
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{action} {moment.format(table=table)} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END$$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuses()"
    )
