"""Who requests an export: the caller of a bearer token."""

from resolvers.caller import Caller
from server.auth.authenticator import Authenticator


class ExportSignIn:
    """Maps an Authorization header to a caller."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def authenticate(self, authorization_header: str | None) -> Caller:
        """Return the caller. Raise RequestRefused."""
        return await self._authenticator.authenticate(authorization_header)
