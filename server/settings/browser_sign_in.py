"""The settings of sign-in in the admin UI, which is a public client of the identity provider (OpenID Connect)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field

from server.settings.auth import AuthSettings, is_issuer
from server.settings.lists import split_list

_PARAMETERS: Final = (
    "parameters of sign-in requests, written as the query of a URL, such as audience=https://group-sessions.example.org"
)
# The page sends these itself (RFC 6749, RFC 7636, OpenID Connect Core).
_OWN_PARAMETERS: Final = frozenset(
    {
        *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
        *("code", "code_challenge", "code_challenge_method", "code_verifier", "grant_type", "refresh_token"),
        *("request", "request_uri"),
    }
)


def _parameters(value: str) -> str:
    if not _OWN_PARAMETERS.isdisjoint(dict(parse_qsl(value, strict_parsing=True))):
        raise ValueError
    return value


def _scopes(value: str) -> str:
    if "openid" not in split_list(value):
        raise ValueError
    return value


@dataclass(frozen=True, slots=True)
class Provider:
    """What the admin UI needs to sign people in at the identity provider.

    Attributes:
        issuer: The issuer. Its discovery document has the addresses of the provider.
        client_id: The id of the admin UI at the provider.
        scope: The scopes that the UI requests, separated by spaces.
        parameters: Further parameters of its requests.
    """

    issuer: str
    client_id: str
    scope: str = "openid"
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The origin of the issuer, as content security policies write it."""
        url = urlsplit(self.issuer)
        return f"{url.scheme}://{url.netloc}"


class BrowserSignInSettings(AuthSettings):
    """The settings of sign-in in the admin UI. Each description completes the sentence "VARIABLE must be ..."."""

    auth_client_id: str | None = Field(None, max_length=255, description="the id of the admin UI at the provider")
    auth_scopes: Annotated[str, AfterValidator(_scopes)] = Field(
        "openid", description="scopes separated by spaces, openid among them, such as openid offline_access"
    )
    auth_request_parameters: Annotated[str, AfterValidator(_parameters)] | None = Field(None, description=_PARAMETERS)

    @property
    def browser_sign_in(self) -> Provider | None:
        """What the admin UI needs to sign people in, or None if AUTH_CLIENT_ID is not set."""
        if self.auth_client_id is None or self.auth_issuer is None:
            return None
        parameters = dict(parse_qsl(self.auth_request_parameters or ""))
        return Provider(self.auth_issuer, self.auth_client_id, " ".join(split_list(self.auth_scopes)), parameters)

    def check_browser_sign_in(self) -> None:
        """Check that the admin UI can find the provider.

        Raises:
            ValueError: With a message for the operator.
        """
        if self.auth_client_id is None:
            return
        if not self.signs_in_by_provider:
            raise ValueError(
                "AUTH_CLIENT_ID needs an identity provider. Set AUTH_ISSUER and AUTH_AUDIENCE instead of"
                " AUTH_JWT_SECRET, or unset AUTH_CLIENT_ID."
            )
        if not is_issuer(self.auth_issuer or ""):
            raise ValueError(
                "AUTH_CLIENT_ID needs an AUTH_ISSUER that is the https:// URL of your provider (http:// only on"
                " loopback), without a query. The admin UI finds the provider's sign-in page by this URL."
            )
