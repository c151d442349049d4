"""The secrets that sign webhooks, by the Standard Webhooks specification: several at once while they are rotated."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook, WebhookVerificationError

MOST_SECRETS: Final = 5


class WebhookSecrets:
    """Signs with every secret, and accepts what any of them has signed."""

    def __init__(self, text: str) -> None:
        """Take the secrets of a setting.

        Raises:
            ValueError: Where it is not 1 to 5 secrets of 24 to 64 bytes.
        """
        secrets = re.split(r"[\s,]+", text.strip())
        if len(secrets) > MOST_SECRETS:
            raise ValueError
        self._webhooks = [Webhook(_checked(secret)) for secret in secrets]

    def sign(self, event_id: str, at: datetime, body: str) -> str:
        """Return the value of the header webhook-signature: a signature for each secret."""
        return " ".join(webhook.sign(event_id, at, body) for webhook in self._webhooks)

    def verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Return where one of the secrets has signed the body and the time is near.

        Raises:
            WebhookVerificationError: Where none has, or where it was too long ago or too far ahead.
            ValueError: Where headers or body are not of the form that can be signed.
        """
        refusal: WebhookVerificationError | None = None
        for webhook in self._webhooks:
            try:
                webhook.verify(body, dict(headers), json_parse=False)
            except WebhookVerificationError as error:
                refusal = error
            else:
                return
        if refusal is not None:
            raise refusal


def _checked(secret: str) -> str:
    text = secret.removeprefix("whsec_")
    key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError
    return secret
