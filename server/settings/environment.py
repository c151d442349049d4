"""All settings, and the function that reads them from the environment."""

import os
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from db.connections.postgres_address import UnusableParameter
from domain.rule_sets import RuleSets
from domain.wall_time import is_time_zone
from resolvers.context import WAITLIST_LIMIT
from server.middleware.client_address import Network, parse_networks
from server.settings.browser_sign_in import BrowserSignInSettings
from server.settings.compliance_rules import UnusableRuleSets, load_rule_sets
from server.settings.database import DatabaseSettings
from server.settings.events import EventSettings
from server.settings.http import HttpSettings
from server.settings.monitoring import MonitoringSettings
from server.settings.requests import RequestSettings
from server.settings.stream_limits import StreamLimits

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class SettingsError(Exception):
    """Invalid settings. The message has one sentence for each invalid variable, and no values."""


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError
    return value


def _rule_sets(value: str) -> str:
    load_rule_sets(value)
    return value


def _networks(value: str) -> str:
    parse_networks(value)
    return value


class Settings(
    DatabaseSettings, BrowserSignInSettings, EventSettings, RequestSettings, HttpSettings, MonitoringSettings
):
    """The settings of the server and the commands. The variable of a field is its name in capitals.

    The description of each field completes the sentence "VARIABLE must be ...", which is the error message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

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
    admin_ui: Annotated[Literal["on", "off"], BeforeValidator(str.lower)] = Field("on", description="on or off")
    graphiql: Annotated[Literal["on", "off"], BeforeValidator(str.lower)] | None = Field(
        None, description="on or off (unset: on with --demo, off without)"
    )
    executor: Annotated[Literal["compiled", "graphql-core"], BeforeValidator(str.lower)] = Field(
        "compiled", description="compiled or graphql-core"
    )
    waitlist_limit: int = Field(
        WAITLIST_LIMIT, ge=1, le=10_000, description="a whole number of patients from 1 to 10000"
    )

    compliance_rules: Annotated[str, AfterValidator(_rule_sets)] | None = Field(
        None, description="the path of a .toml or .json file with rule sets"
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="addresses and networks of proxies, such as 10.0.0.7 or 10.0.0.0/8, separated by commas"
        " (not *, which would let every client claim any address)",
    )
    worker_timeout: int = Field(300, ge=10, le=86400, description="a whole number of seconds from 10 to 86400")

    @property
    def rule_sets(self) -> RuleSets:
        """The rule sets of intensive programs. Raise UnusableRuleSets if the file has changed and is invalid now."""
        return load_rule_sets(self.compliance_rules)

    @property
    def first_weekday(self) -> int:
        """The first day of the week, as `datetime.date.weekday` numbers it: Monday is 0, Sunday is 6."""
        return _WEEKDAYS.index(self.week_start)

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks of the trusted proxies."""
        return parse_networks(self.trusted_proxies)

    @property
    def stream_limits(self) -> StreamLimits:
        """The limits of streams. They leave half of the connections to other requests."""
        return StreamLimits(per_caller=self.limit_streams, total=max(self.limit_connections // 2, 1))

    def serves_graphiql(self, *, demo: bool) -> bool:
        """Return whether to serve the GraphiQL page. If the variable is unset, only the demo serves it."""
        return demo if self.graphiql is None else self.graphiql == "on"

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        self.check_sign_in()
        self.check_browser_sign_in()
        return self

    @model_validator(mode="after")
    def _check_libraries(self) -> Self:
        self.check_rate_limit_store()
        self.check_traces()
        return self

    @model_validator(mode="after")
    def _check_events(self) -> Self:
        self.check_events(on_sqlite=self.database_url.startswith("sqlite"))
        return self


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:  # noqa: TID251 - the one place
    """Return the settings of an environment. An empty variable counts as unset.

    Raises:
        SettingsError: If variables are invalid. The message says what each must be, without its value.
    """
    values = {name.lower(): value for name, value in environ.items() if value.strip()}
    known = {name: _trimmed(name, values[name]) for name in Settings.model_fields if name in values}
    try:
        return Settings.model_validate(known)
    except ValidationError as error:
        sentences = [_sentence(fault) for fault in error.errors(include_input=False, include_url=False)]
    # Raised outside of the except block, because the validation error as its context would print the values.
    raise SettingsError(" ".join(dict.fromkeys(sentences)))


def _trimmed(name: str, value: str) -> str:
    return value if name == "auth_jwt_secret" else value.strip()  # a secret may begin or end with spaces


def _sentence(fault: ErrorDetails) -> str:
    if not fault["loc"]:  # the message of a validator for several settings
        return str(fault["ctx"]["error"])
    name = str(fault["loc"][0])
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, (UnusableParameter, UnusableRuleSets)):
        return f"{name.upper()} {cause}."
    return f"{name.upper()} must be {Settings.model_fields[name].description}."
