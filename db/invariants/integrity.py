"""Checks that the database itself is intact: indexes contain every row, and every foreign key has its target."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.faults import FaultKind, classify_fault

_AMCHECK: Final = text(
    "SELECT quote_ident(nspname) AS schema, has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege("
    "quote_ident(nspname) || '.bt_index_check(regclass, boolean)', 'EXECUTE') AS permitted"
    " FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'amcheck'"
)
_INDEXES: Final = text(
    "SELECT c.oid, c.relname FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
    " JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid"
    r" WHERE a.amname = 'btree' AND t.relname LIKE 'pm\_group\_%' AND i.indisvalid ORDER BY c.relname"
)


@dataclass(frozen=True, slots=True)
class Integrity:
    """The result of checking the database itself.

    Attributes:
        damaged: The damaged parts. They name tables, indexes and columns, and contain no stored values.
        unchecked: Why indexes were not checked, and how to enable the check. None if they were checked.
    """

    damaged: tuple[str, ...]
    unchecked: str | None = None


async def check_integrity(engine: AsyncEngine) -> Integrity:
    """Check the database itself. On PostgreSQL this needs the extension amcheck and the privilege to run it.

    Raises:
        DBAPIError: The database is so damaged that it cannot be read.
    """
    async with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return await _check_sqlite(connection)
        return await _check_postgresql(connection)


async def _check_sqlite(connection: AsyncConnection) -> Integrity:
    messages = (await connection.scalars(text("PRAGMA integrity_check"))).all()
    dangling = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
    # SQLite's messages name tables, indexes, columns, rows and pages. They contain no stored values.
    damaged = ["_".join(str(message).split()) for message in messages if message != "ok"]
    return Integrity((*damaged, *(f"reference_from_row_{row[1]}_of_{row[0]}_to_{row[2]}" for row in dangling)))


async def _check_postgresql(connection: AsyncConnection) -> Integrity:
    amcheck = (await connection.execute(_AMCHECK)).first()
    if amcheck is None:
        return Integrity(
            (),
            "amcheck is not installed in this database. To install it, an administrator runs: CREATE EXTENSION amcheck",
        )
    if not amcheck.permitted:
        function = f"{amcheck.schema}.bt_index_check(regclass, boolean)"
        login = await connection.scalar(text("SELECT quote_ident(current_user)"))
        return Integrity(
            (),
            f"this login may not run amcheck. To permit it, an administrator runs: GRANT EXECUTE ON FUNCTION {function}"
            f" TO {login}",
        )
    check = text(f"SELECT {amcheck.schema}.bt_index_check(CAST(:index AS oid)::regclass, true)")
    indexes: list[Any] = list(await connection.execute(_INDEXES))
    damaged = []
    for oid, name in indexes:
        try:
            async with connection.begin_nested():
                await connection.execute(check, {"index": oid})
        except DBAPIError as fault:
            if classify_fault(fault) not in (None, FaultKind.DAMAGED):
                raise
            damaged.append(f"index_{name}")
    return Integrity(tuple(damaged))
