"""The rows that a transaction writes beside its change: history, events, the access log, and when its groups changed.

On PostgreSQL one statement writes all of them, in one round trip. SQLite has no statement that changes several tables,
and no round trips either.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Integer,
    Table,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.dml import Insert, UpdateBase

from db.connections.driver import Driver
from db.sql.bulk import json_rows
from db.sql.statement import AnyOf, Statement, of_organization
from db.tables import Instant, access_log, audit_log, group_definitions, outbox

HISTORY: Final = "history"
EVENTS: Final = "events"
ACCESSES: Final = "accesses"
GROUPS: Final = "groups"
"""The names of the parameters that hold rows, or, for the last, the ids of the groups that changed."""

_POSITION: Final = "position"


def _insert(
    table: Table, parameter: str, own: Sequence[str], shared: Mapping[str, ColumnElement[Any]], *, postgresql: bool
) -> Insert:
    """Return the insert of a parameter's rows, which hold the columns `own`; the others are the same in all rows."""
    rows, columns = json_rows(
        parameter, [*(table.c[name] for name in own), Column(_POSITION, Integer)], postgresql=postgresql
    )
    values = {**{name: columns[name] for name in own}, **shared}
    # The outbox numbers its rows as they are inserted, and a group's events are delivered in that order.
    query = select(*values.values()).select_from(rows).order_by(columns[_POSITION])
    return insert(table).from_select([*values], query, include_defaults=False)


def _changes(*, postgresql: bool) -> dict[str, UpdateBase]:
    now = bindparam("now", type_=Instant)
    organization = {"organization_id": _shared("organization_id")}
    actor = organization | {name: _shared(name) for name in ("actor_id", "correlation_id")}
    transaction_id = literal_column("pg_current_xact_id()::text::bigint" if postgresql else "0", BigInteger)
    return {
        HISTORY: _insert(
            audit_log,
            HISTORY,
            ("id", "entity_type", "entity_id", "action", "changes"),
            {"at": now, **actor},
            postgresql=postgresql,
        ),
        EVENTS: _insert(
            outbox,
            EVENTS,
            ("id", "group_definition_id", "event", "envelope"),
            {"created_at": now, "transaction_id": transaction_id, **organization},
            postgresql=postgresql,
        ),
        ACCESSES: _insert(
            access_log,
            ACCESSES,
            ("id", "operation", "patient_ids"),
            {"at": now, "client_address": _shared("client_address"), **actor},
            postgresql=postgresql,
        ),
        GROUPS: update(group_definitions)
        .where(of_organization(group_definitions), AnyOf(group_definitions.c.id, GROUPS))
        .values(changed_at=now),
    }


def _shared(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=access_log.c[name].type)


_ON_POSTGRESQL: Final = _changes(postgresql=True)
_ON_SQLITE: Final = _changes(postgresql=False)


@cache
def _statement(*names: str) -> Statement:
    """Return the statement that writes the rows of these parameters, and touches no other table."""
    if len(names) == 1:
        return Statement(_ON_POSTGRESQL[names[0]], sqlite=_ON_SQLITE[names[0]])
    return Statement(
        select(literal_column("1")).add_cte(*(_ON_POSTGRESQL[name].cte(f"write_{name}") for name in names))
    )


async def write_journal(driver: Driver, shared: Mapping[str, Any], rows: Mapping[str, Sequence[Any]]) -> None:
    """Write the rows, and set when the groups changed.

    Args:
        driver: The transaction's connection.
        shared: The values that all rows have in common: `now`, `actor_id`, `correlation_id` and `client_address`.
        rows: The rows by the name of their parameter, in the order in which they are inserted.

    Raises:
        DBAPIError: If the database refuses a row or is lost.
    """
    parameters = {
        name: values if name == GROUPS else [{**row, _POSITION: index} for index, row in enumerate(values)]
        for name, values in rows.items()
        if values
    }
    if driver.on_postgresql and parameters:
        await driver.fetch(_statement(*parameters), {**shared, **parameters})
        return
    for name in parameters:
        await driver.fetch(_statement(name), {**shared, **parameters})
