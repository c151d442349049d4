"""The settings, read from the environment in this one place."""

import os
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

from db.connections.engine import async_url
from db.connections.postgres_address import UnusableParameter
from domain.wall_time import is_time_zone
from resolvers.context import WAITLIST_LIMIT
from server.middleware.client_address import Network, parse_networks
from server.settings.auth import AuthSettings
from server.settings.events import EventSettings
from server.settings.http import HttpSettings
from server.settings.requests import RequestSettings

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ACCEPTED_DATABASES: Final = ("sqlite:///", "postgresql://", "postgres://")


class SettingsError(Exception):
    """Settings that cannot be used; the message has one sentence for each wrong variable, and no values."""


def _database_url(value: str) -> str:
    if not value.startswith(_ACCEPTED_DATABASES):
        raise ValueError
    try:
        database = async_url(value).database
    except ArgumentError as error:
        raise ValueError from error
    if not database or database == ":memory:":  # a database in memory is another one for each connection
        raise ValueError
    return value


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError
    return value


def _networks(value: str) -> str:
    parse_networks(value)
    return value


class Settings(AuthSettings, EventSettings, RequestSettings, HttpSettings):
    """What the server and the commands are set to. A field's variable is its name in capitals.

    Each field's description is what the variable accepts, in the words of the error message.
    """

    model_config = SettingsConfigDict(frozen=True)

    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite:///var/group-sessions.db",
        repr=False,  # it may hold a password
        description="sqlite:///path/to/file or postgresql://user:password@host:port/name",
    )
    allow_owner_login: Annotated[Literal["on", "off"], BeforeValidator(str.lower)] = Field(
        "off", description="on or off"
    )
    default_time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "America/Phoenix", description="an IANA time zone name, such as America/Phoenix"
    )
    week_start: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        BeforeValidator(str.lower),
    ] = Field("sunday", description="the English name of a weekday, such as sunday")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)] = Field(
        "INFO", description="DEBUG, INFO, WARNING, ERROR or CRITICAL"
    )
    graphiql: Annotated[Literal["on", "off"], BeforeValidator(str.lower)] | None = Field(
        None, description="on or off (unset: on with --demo, off without)"
    )
    executor: Annotated[Literal["compiled", "graphql-core"], BeforeValidator(str.lower)] = Field(
        "compiled", description="compiled or graphql-core"
    )
    waitlist_limit: int = Field(
        WAITLIST_LIMIT, ge=1, le=10_000, description="a whole number of patients from 1 to 10000"
    )

    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="addresses and networks of proxies, such as 10.0.0.7 or 10.0.0.0/8, separated by commas"
        " (no *: everybody could then claim any address)",
    )
    worker_timeout: int = Field(300, ge=10, le=86400, description="a whole number of seconds from 10 to 86400")

    @property
    def database_async_url(self) -> URL:
        """The database with the driver used here: sqlite+aiosqlite or postgresql+asyncpg."""
        return async_url(self.database_url)

    @property
    def first_weekday(self) -> int:
        """The day weeks start on, numbered as `datetime.date.weekday` does: Monday is 0, Sunday is 6."""
        return _WEEKDAYS.index(self.week_start)

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks of proxies that say where a request comes from."""
        return parse_networks(self.trusted_proxies)

    def serves_graphiql(self, *, demo: bool) -> bool:
        """Return whether GraphiQL's page is on; unset, it is on in the demo only."""
        return demo if self.graphiql is None else self.graphiql == "on"

    @model_validator(mode="after")
    def _sign_in_whole(self) -> Self:
        self.refuse_unclear_sign_in()
        return self

    @model_validator(mode="after")
    def _events_whole(self) -> Self:
        self.refuse_half_given_events(on_sqlite=self.database_url.startswith("sqlite"))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave the environment to `load_settings`, so that a test's settings depend on the test alone."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment; an empty variable counts as unset.

    Raises:
        SettingsError: Naming each wrong variable and what it accepts, without its value.
    """
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): _trimmed(name, value) for name, value in environ.items() if value.strip()}
    try:
        return Settings(**source())
    except ValidationError as error:
        sentences = [_sentence(fault) for fault in error.errors(include_input=False, include_url=False)]
    # Raised outside of the except block: the validation error would bring the values into a printed traceback.
    raise SettingsError(" ".join(dict.fromkeys(sentences)))


def _trimmed(name: str, value: str) -> str:
    return value if name == "AUTH_JWT_SECRET" else value.strip()  # spaces may belong to a secret


def _sentence(fault: ErrorDetails) -> str:
    if not fault["loc"]:  # of settings that do not fit together, said by the validator above
        return str(fault["ctx"]["error"])
    name = str(fault["loc"][0])
    said = fault.get("ctx", {}).get("error")
    if isinstance(said, UnusableParameter):
        return f"{name.upper()} {said}."
    return f"{name.upper()} must be {Settings.model_fields[name].description}."
