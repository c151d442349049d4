"""Row-level security on PostgreSQL: the role that answers requests sees the rows of one organization at a time.

SQLite knows neither roles nor policies: there the conditions of `db`'s own queries are the only wall.
"""

from alembic import op

from db.row_security import ORGANIZATION_SETTING, SERVER_ROLE

# Roles belong to the whole server: another database, or a migration beside this one, may have made it already. The
# login that serves must be able to become it.
_CREATE_ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{SERVER_ROLE}') THEN
        BEGIN
            CREATE ROLE {SERVER_ROLE} NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT {SERVER_ROLE} TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{SERVER_ROLE}')
            OR NOT pg_has_role(current_user, '{SERVER_ROLE}', 'MEMBER')
        THEN
            RAISE EXCEPTION 'an administrator of this database server must first run:'
                ' CREATE ROLE {SERVER_ROLE} NOLOGIN; GRANT {SERVER_ROLE} TO %', quote_ident(current_user);
        END IF;
END
$$
"""  # noqa: S608 - the role's name is a constant


def create_server_role() -> None:
    """Makes the role that requests are answered in, and lets the current login become it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_CREATE_ROLE)


def confine(table: str, privileges: str) -> None:
    """Lets the server's role use the table, within the organization that its transaction is bound to.

    Args:
        table: A table with the column organization_id.
        privileges: What the role may do there, as GRANT lists it, e.g. "SELECT, INSERT".
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"GRANT {privileges} ON {table} TO {SERVER_ROLE}")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    # In a sub-select the setting is read once a statement, not once a row.
    op.execute(
        f"CREATE POLICY {table}_of_organization ON {table} TO {SERVER_ROLE}"
        f" USING (organization_id = (SELECT current_setting('{ORGANIZATION_SETTING}', true)))"
    )


def allow_numbering(table: str, column: str) -> None:
    """Lets the server's role draw the numbers of a table's own sequence."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"DO $$ BEGIN EXECUTE format('GRANT USAGE ON SEQUENCE %s TO {SERVER_ROLE}',"
            f" pg_get_serial_sequence('{table}', '{column}')); END $$"
        )
