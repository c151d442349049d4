"""A real OpenID provider (npm: oidc-provider) on loopback."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.node import NODE
from tests.support.repository import ROOT

AUDIENCE = "urn:group-sessions"
ORGANIZATION_CLAIM = "https://example.org/org"


class RealProvider:
    """The process of the provider. web/oidc-provider.mjs has its people and clients."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.issuer = self._read_issuer()

    def rotate(self) -> None:
        """Replace the provider's signing key."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._read_issuer() == self.issuer

    def token(self, scope: str = "pm.group_enrollments.view pm.billing.view", resource: str = AUDIENCE) -> str:
        """Return an Authorization header with a token from the client credentials grant."""
        form = {"grant_type": "client_credentials", "scope": scope, "resource": resource}
        response = httpx.post(f"{self.issuer}/token", data=form, auth=("reports", "a-secret-of-the-tests"))
        response.raise_for_status()
        return f"Bearer {response.json()['access_token']}"

    def _read_issuer(self) -> str:
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if line.startswith("{"))  # other lines are notices
        issuer: str = json.loads(line)["issuer"]
        return issuer


@contextmanager
def running_provider() -> Iterator[RealProvider]:
    """Run a provider during the block."""
    with subprocess.Popen(
        [NODE, "oidc-provider.mjs"],
        cwd=ROOT / "web",
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield RealProvider(process)
        finally:
            process.kill()
