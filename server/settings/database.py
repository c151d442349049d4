"""The settings of the database: its address, its logins, and the connections that each process opens."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

from db.connections.engine import DEFAULT_POOLING, Pooling, PoolMode, async_url

_ACCEPTED_DATABASES: Final = ("sqlite:///", "postgresql://", "postgres://")
_CONNECTIONS: Final = "a whole number of connections from 1 to 1000"


def _database_url(value: str) -> str:
    if not value.startswith(_ACCEPTED_DATABASES):
        raise ValueError
    try:
        database = async_url(value).database
    except ArgumentError as error:
        raise ValueError from error
    if not database or database == ":memory:":  # each connection would have a database of its own
        raise ValueError
    return value


class DatabaseSettings(BaseModel):
    """The settings of the database. Each description completes the sentence "VARIABLE must be ..."."""

    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite:///var/group-sessions.db",
        repr=False,  # it may hold a password
        description="sqlite:///path/to/file or postgresql://user:password@host:port/name",
    )
    database_pool_mode: Annotated[PoolMode, BeforeValidator(str.lower)] = Field(
        DEFAULT_POOLING.mode, description="session or transaction"
    )
    database_write_connections: int = Field(DEFAULT_POOLING.write_connections, ge=1, le=1000, description=_CONNECTIONS)
    database_read_connections: int = Field(DEFAULT_POOLING.read_connections, ge=1, le=1000, description=_CONNECTIONS)
    allow_owner_login: Annotated[Literal["on", "off"], BeforeValidator(str.lower)] = Field(
        "off", description="on or off"
    )

    @property
    def database_async_url(self) -> URL:
        """The database URL with its async driver: sqlite+aiosqlite or postgresql+asyncpg."""
        return async_url(self.database_url)

    @property
    def pooling(self) -> Pooling:
        """The connections that a process opens to PostgreSQL."""
        return Pooling(self.database_write_connections, self.database_read_connections, self.database_pool_mode)
