"""The triggers. They keep the logs append-only, and maintain the endings of patients' search texts.

An ending is a suffix of a text, cut to a fixed length. A text contains a word if one of its endings starts with it.
"""

from dataclasses import dataclass
from typing import Final

APPEND_ONLY: Final = ("pm_group_audit_log", "pm_group_access_log")
"""Tables whose rows are never changed or deleted."""

_PATIENTS: Final = "pm_group_patients"
_ENDINGS: Final = "pm_group_patient_endings"
_TEXT: Final = "search_text"
_ENDING_LENGTH: Final = 16
"""The most characters of an ending. No ending starts with a space, because no search does."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of PostgreSQL.

    Attributes:
        name: Its name.
        table: The table.
        function: The function that it calls, without arguments.
        events: The timing, the events and the transition tables, as in CREATE TRIGGER.
        kind: The timing and the events, as in `pg_trigger.tgtype`.
    """

    name: str
    table: str
    function: str
    events: str
    kind: int

    @property
    def create(self) -> str:
        """The statement that creates it."""
        events, referencing, tables = self.events.partition(" REFERENCING")
        return (
            f"CREATE OR REPLACE TRIGGER {self.name} {events} ON {self.table}{referencing}{tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {self.function}()"
        )


def append_only_message(table: str) -> str:
    """Return the database's error for a change or deletion of a row in an append-only table."""
    return f"{table} is append-only: its rows are never changed or deleted"


def _endings_of(rows: str) -> str:
    return (
        f"SELECT t.organization_id, substr(t.{_TEXT}, n, {_ENDING_LENGTH}), t.id"
        f" FROM {rows} AS t, generate_series(1, length(t.{_TEXT})) AS n WHERE substr(t.{_TEXT}, n, 1) <> ' '"
    )


def _insert_endings(rows: str) -> str:
    return f"INSERT INTO {_ENDINGS} (organization_id, ending, patient_id) {_endings_of(rows)} ON CONFLICT DO NOTHING"


FILL_ENDINGS: Final = _insert_endings(_PATIENTS)
"""Adds missing endings on PostgreSQL."""

_EMPTY_ENDINGS: Final = f"DELETE FROM {_ENDINGS}"

REBUILD_ENDINGS: Final = (_EMPTY_ENDINGS, FILL_ENDINGS)
"""Replaces all endings. This also removes those that became outdated while a trigger was missing."""

TRIGGER_BODIES: Final = {
    f"{_ENDINGS}_keep": (
        "BEGIN IF TG_OP = 'UPDATE' THEN"
        f" DELETE FROM {_ENDINGS} AS e USING ({_endings_of('old_rows')} EXCEPT {_endings_of('new_rows')})"
        " AS gone (owner, ending, id)"
        " WHERE e.organization_id = gone.owner AND e.ending = gone.ending AND e.patient_id = gone.id; END IF;"
        f" {_insert_endings('new_rows')}; RETURN NULL; END"
    ),
    **{
        f"{table}_refuses": (
            f"BEGIN RAISE EXCEPTION '{append_only_message(table)}' USING ERRCODE = 'restrict_violation'; END"
        )
        for table in APPEND_ONLY
    },
}
"""The PL/pgSQL bodies of the trigger functions."""

TRIGGERS: Final = (
    Trigger(
        f"{_ENDINGS}_after_insert", _PATIENTS, f"{_ENDINGS}_keep", "AFTER INSERT REFERENCING NEW TABLE AS new_rows", 4
    ),
    Trigger(
        f"{_ENDINGS}_after_update",
        _PATIENTS,
        f"{_ENDINGS}_keep",
        "AFTER UPDATE REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        16,
    ),
    *(
        Trigger(f"{table}_refuses_changes", table, f"{table}_refuses", "BEFORE UPDATE OR DELETE OR TRUNCATE", 58)
        for table in APPEND_ONLY
    ),
)


def create_trigger_function(name: str) -> str:
    """Return the statement that creates a trigger function."""
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${TRIGGER_BODIES[name]}$$"


def _sqlite_endings_of(row: str, source: str = "") -> str:
    # SQLite may lack generate_series. A JSON array with one zero per character provides the positions instead.
    letters = f"json_each('[0' || replace(hex(zeroblob(length({row}.{_TEXT}) - 1)), '00', ',0') || ']')"
    # DISTINCT, because an upsert's conflict clause overrides the OR IGNORE of a statement in its trigger.
    return (
        f"SELECT DISTINCT {row}.organization_id, substr({row}.{_TEXT}, letter.key + 1, {_ENDING_LENGTH}), {row}.id"
        f" FROM {source} {letters} AS letter"
        f" WHERE {row}.{_TEXT} <> '' AND substr({row}.{_TEXT}, letter.key + 1, 1) <> ' '"
    )


_SQLITE_INSERT: Final = f"INSERT OR IGNORE INTO {_ENDINGS} (organization_id, ending, patient_id)"


def select_endings(rows: str, *, postgresql: bool) -> str:
    """Return the query for the organization, the ending and the patient's id of all endings of these patients."""
    return _endings_of(rows) if postgresql else _sqlite_endings_of("t", f"{rows} AS t,")


SQLITE_FILL_ENDINGS: Final = f"{_SQLITE_INSERT} {_sqlite_endings_of('t', f'{_PATIENTS} AS t,')}"
"""Adds missing endings on SQLite."""

SQLITE_REBUILD_ENDINGS: Final = (_EMPTY_ENDINGS, SQLITE_FILL_ENDINGS)
"""Replaces all endings on SQLite."""


def _sqlite_append_only(table: str) -> dict[str, str]:
    events = {
        "update": f"BEFORE UPDATE ON {table}",
        "delete": f"BEFORE DELETE ON {table}",
        # INSERT OR REPLACE deletes the old row without firing the trigger above.
        "replace": f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)",
    }
    refuse = f"BEGIN SELECT RAISE(ABORT, '{append_only_message(table)}'); END"
    return {
        f"{table}_refuses_{name}": f"CREATE TRIGGER {table}_refuses_{name} {event} {refuse}"
        for name, event in events.items()
    }


SQLITE_TRIGGERS: Final = {
    f"{_ENDINGS}_after_insert": (
        f"CREATE TRIGGER {_ENDINGS}_after_insert AFTER INSERT ON {_PATIENTS}"
        f" BEGIN {_SQLITE_INSERT} {_sqlite_endings_of('NEW')}; END"
    ),
    f"{_ENDINGS}_after_update": (
        f"CREATE TRIGGER {_ENDINGS}_after_update AFTER UPDATE ON {_PATIENTS} WHEN OLD.{_TEXT} <> NEW.{_TEXT} BEGIN"
        f" DELETE FROM {_ENDINGS} WHERE (organization_id, ending, patient_id) IN ({_sqlite_endings_of('OLD')});"
        f" {_SQLITE_INSERT} {_sqlite_endings_of('NEW')}; END"
    ),
    **{name: text for table in APPEND_ONLY for name, text in _sqlite_append_only(table).items()},
}
"""The triggers of SQLite by name, with the statements as SQLite stores them."""
