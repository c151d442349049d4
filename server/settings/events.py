"""The settings of events: where they are delivered, how patiently, and who may send us theirs."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from server.settings.protected_url import protected_url
from server.settings.webhook_secrets import MOST_SECRETS, WebhookSecrets

_ACCEPTED: Final = (
    "a secret of the Standard Webhooks specification: whsec_ and the base64 of 24 to 64 random bytes;"
    f" or up to {MOST_SECRETS} of them, separated by spaces or commas"
)


def _channel(value: str) -> str:
    # What LISTEN takes without quotes and without change; PostgreSQL cuts names at 63 bytes.
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value, re.ASCII):
        raise ValueError
    return value


def _webhook_secret(value: str) -> str:
    WebhookSecrets(value)
    return value


class EventSettings(BaseSettings):
    """The settings of events. Each description says which values are accepted, as in `server.settings.environment`."""

    events_notify_channel: Annotated[str, AfterValidator(_channel)] | None = Field(
        None,
        description="the name of a PostgreSQL channel: lower-case letters, digits and _, at most 63, not a digit first",
    )
    events_webhook_url: Annotated[str, AfterValidator(protected_url)] | None = Field(
        None,
        repr=False,  # it may hold a password
        description="the https:// address that events are posted to (http:// on loopback only)",
    )
    events_webhook_secret: Annotated[str, AfterValidator(_webhook_secret)] | None = Field(
        None, repr=False, description=_ACCEPTED
    )
    events_webhook_timeout: int = Field(10, ge=1, le=60, description="a whole number of seconds from 1 to 60")
    events_webhook_tries: int = Field(300, ge=1, le=1000, description="a whole number from 1 to 1000")
    events_webhook_first_wait: int = Field(1, ge=1, le=3600, description="a whole number of seconds from 1 to 3600")
    events_webhook_longest_wait: int = Field(
        600, ge=1, le=86400, description="a whole number of seconds from 1 to 86400"
    )
    events_inbound_secret: Annotated[str, AfterValidator(_webhook_secret)] | None = Field(
        None, repr=False, description=_ACCEPTED
    )

    def refuse_half_given_events(self, *, on_sqlite: bool) -> None:
        """Refuse what does not fit together.

        Raises:
            ValueError: With a sentence for who sets the variables.
        """
        if self.events_notify_channel is not None and on_sqlite:
            raise ValueError("EVENTS_NOTIFY_CHANNEL needs PostgreSQL: unset it, or set DATABASE_URL to postgresql://….")
        if (self.events_webhook_url is None) != (self.events_webhook_secret is None):
            raise ValueError("EVENTS_WEBHOOK_URL and EVENTS_WEBHOOK_SECRET need each other: set both of them or none.")
        if self.events_webhook_first_wait > self.events_webhook_longest_wait:
            raise ValueError("EVENTS_WEBHOOK_FIRST_WAIT must not be longer than EVENTS_WEBHOOK_LONGEST_WAIT.")
