"""The settings of events: their receivers, how often a delivery is retried, and who may send events to this server."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from server.settings.protected_url import protected_url
from server.settings.webhook_secrets import MAX_SECRETS, WebhookSecrets

_SECRET: Final = (
    "a secret of the Standard Webhooks specification: whsec_ and the base64 of 24 to 64 random bytes;"
    f" or up to {MAX_SECRETS} of them, separated by spaces or commas"
)


def _channel(value: str) -> str:
    # LISTEN accepts such a name without quotes, and does not change it. PostgreSQL cuts longer ones.
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value, re.ASCII):
        raise ValueError
    return value


def _webhook_secret(value: str) -> str:
    WebhookSecrets(value)
    return value


class EventSettings(BaseModel):
    """The settings of events. Each description completes the sentence "VARIABLE must be ..."."""

    events_notify_channel: Annotated[str, AfterValidator(_channel)] | None = Field(
        None,
        description="the name of a PostgreSQL channel: up to 63 lower-case letters, digits and _, not a digit first",
    )
    events_webhook_url: Annotated[str, AfterValidator(protected_url)] | None = Field(
        None,
        repr=False,  # it may hold a password
        description="the https:// URL that events are posted to (http:// only on loopback)",
    )
    events_webhook_secret: Annotated[str, AfterValidator(_webhook_secret)] | None = Field(
        None, repr=False, description=_SECRET
    )
    events_webhook_timeout: int = Field(10, ge=1, le=60, description="a whole number of seconds from 1 to 60")
    events_webhook_tries: int = Field(300, ge=1, le=1000, description="a whole number from 1 to 1000")
    events_webhook_first_wait: int = Field(1, ge=1, le=3600, description="a whole number of seconds from 1 to 3600")
    events_webhook_longest_wait: int = Field(
        600, ge=1, le=86400, description="a whole number of seconds from 1 to 86400"
    )
    events_inbound_secret: Annotated[str, AfterValidator(_webhook_secret)] | None = Field(
        None, repr=False, description=_SECRET
    )

    def check_events(self, *, on_sqlite: bool) -> None:
        """Check that the settings of events fit together.

        Raises:
            ValueError: With a message for the operator.
        """
        if self.events_notify_channel is not None and on_sqlite:
            raise ValueError(
                "EVENTS_NOTIFY_CHANNEL needs PostgreSQL. Unset it, or set DATABASE_URL to a postgresql:// URL."
            )
        if (self.events_webhook_url is None) != (self.events_webhook_secret is None):
            raise ValueError("EVENTS_WEBHOOK_URL and EVENTS_WEBHOOK_SECRET need each other. Set both or neither.")
        if self.events_webhook_first_wait > self.events_webhook_longest_wait:
            raise ValueError("EVENTS_WEBHOOK_FIRST_WAIT must not exceed EVENTS_WEBHOOK_LONGEST_WAIT.")
