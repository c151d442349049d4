"""Makes sure that the database has the schema that this program knows."""

from sqlalchemy.ext.asyncio import AsyncEngine

from db.schema_version import schema_is_current
from server.command_error import CommandError


async def prepare_schema(engine: AsyncEngine) -> None:
    """Brings SQLite to the newest schema; on PostgreSQL only looks, since others may be using it.

    Raises:
        CommandError: Where PostgreSQL has an older schema than this program.
        NewerSchema: Where the database has a newer one.
    """
    if await schema_is_current(engine):
        return
    if engine.dialect.name != "sqlite":
        raise CommandError("the database does not have the newest schema: run `group-sessions migrate`")
    # Here and not above: a server holds what it has imported for as long as it runs.
    from db.migrate import migrate

    await migrate(engine)
