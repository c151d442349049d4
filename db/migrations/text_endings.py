"""A table of the endings of a text: what holds a word is what has an ending that starts with it.

The database itself keeps it: triggers write the endings in the statement that writes the text. Endings are cut after
sixteen letters, and none starts with a space, since no search does.
"""

from alembic import op

LETTERS = 16


def keep_endings(endings: str, table: str, column: str) -> None:
    """Fills the table of endings from the rows that there are, and keeps it in step with them.

    Args:
        endings: A table with the columns organization_id, ending and patient_id, its key.
        table: The table of the texts, with the columns organization_id and id.
        column: The column of the texts.
    """
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite(endings, table, column)
    else:
        _on_postgresql(endings, table, column)


def _on_postgresql(endings: str, table: str, column: str) -> None:
    def of(rows: str) -> str:
        return (
            f"SELECT t.organization_id, substr(t.{column}, n, {LETTERS}), t.id"
            f" FROM {rows} AS t, generate_series(1, length(t.{column})) AS n WHERE substr(t.{column}, n, 1) <> ' '"
        )

    insert = f"INSERT INTO {endings} (organization_id, ending, patient_id) {{}} ON CONFLICT DO NOTHING"
    op.execute(insert.format(of(table)))
    op.execute(
        f"CREATE FUNCTION {endings}_keep() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TG_OP = 'UPDATE' THEN"
        f" DELETE FROM {endings} AS e USING ({of('old_rows')} EXCEPT {of('new_rows')}) AS gone (owner, ending, id)"
        " WHERE e.organization_id = gone.owner AND e.ending = gone.ending AND e.patient_id = gone.id; END IF;"
        f" {insert.format(of('new_rows'))}; RETURN NULL; END$$"
    )
    for event, rows in (("INSERT", "NEW TABLE AS new_rows"), ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows")):
        op.execute(
            f"CREATE TRIGGER {endings}_after_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {endings}_keep()"
        )


def _on_sqlite(endings: str, table: str, column: str) -> None:
    def of(row: str, source: str = "") -> str:
        # As many zeros as there are letters: SQLite counts by what it has.
        letters = f"json_each('[0' || replace(hex(zeroblob(length({row}.{column}) - 1)), '00', ',0') || ']')"
        return (
            f"SELECT {row}.organization_id, substr({row}.{column}, letter.key + 1, {LETTERS}), {row}.id"
            f" FROM {source} {letters} AS letter"
            f" WHERE {row}.{column} <> '' AND substr({row}.{column}, letter.key + 1, 1) <> ' '"
        )

    insert = f"INSERT OR IGNORE INTO {endings} (organization_id, ending, patient_id)"
    op.execute(f"{insert} {of('t', f'{table} AS t,')}")
    op.execute(f"CREATE TRIGGER {endings}_after_insert AFTER INSERT ON {table} BEGIN {insert} {of('NEW')}; END")
    op.execute(
        f"CREATE TRIGGER {endings}_after_update AFTER UPDATE ON {table} WHEN OLD.{column} <> NEW.{column} BEGIN"
        f" DELETE FROM {endings} WHERE (organization_id, ending, patient_id) IN ({of('OLD')});"
        f" {insert} {of('NEW')}; END"
    )
