"""The secrets that sign webhooks (Standard Webhooks specification). There are several while a secret is rotated."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook, WebhookVerificationError

MAX_SECRETS: Final = 5
_KEY_BYTES: Final = range(24, 65)


class WebhookSecrets:
    """Signs with every secret, and accepts a signature by any of them."""

    def __init__(self, text: str) -> None:
        """Take the secrets from a setting.

        Raises:
            ValueError: If they are not 1 to 5 secrets of 24 to 64 bytes.
        """
        secrets = re.split(r"[\s,]+", text.strip())
        if len(secrets) > MAX_SECRETS:
            raise ValueError
        self._webhooks = [Webhook(_checked(secret)) for secret in secrets]

    def sign(self, event_id: str, at: datetime, body: str) -> str:
        """Return the value of the header webhook-signature, with one signature for each secret."""
        return " ".join(webhook.sign(event_id, at, body) for webhook in self._webhooks)

    def verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Check that one of the secrets signed the body, recently.

        Raises:
            WebhookVerificationError: If no signature is valid, or the timestamp is too old or in the future.
            ValueError: If the headers or the body are malformed.
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
    if len(key) not in _KEY_BYTES:
        raise ValueError
    return secret
