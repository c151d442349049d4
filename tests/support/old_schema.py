"""Databases of earlier releases, for tests of their migration."""

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from db.connections.engine import LOCK_WAIT, WRITES, Database
from db.migrations.migrate import SCRIPTS


async def migrate_to(engine: Database, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", SCRIPTS)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True, LOCK_WAIT: 10.0})
        async with connection.begin():
            await connection.run_sync(upgrade)
