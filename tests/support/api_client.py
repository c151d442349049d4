"""The app as tests create it, and clients that send requests to it as callers with keys or roles."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.auth.signing import sign_token
from server.runtime.clock import now

SECRET = "a-secret-that-only-the-tests-know-0123456789"
ORGANIZATION = "org-1"
URL = "http://clinic.test"


def bearer(
    *,
    permissions: Iterable[PermissionKey] | None = None,
    roles: Iterable[str] = (),
    organization: str = ORGANIZATION,
    subject: str = "caller-1",
) -> str:
    """Return an Authorization header. Without permissions and roles, the caller is an administrator with all keys."""
    if permissions is None and not roles:
        roles = ("org_admin",)
    token = sign_token(
        SECRET,
        organization_id=organization,
        subject=subject,
        permissions=permissions or (),
        roles=roles,
        expires_in=timedelta(hours=8),  # tokens of parametrized tests must outlive a slow run
    )
    return f"Bearer {token}"


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A client of one caller. `http` sends any request; the methods send GraphQL requests."""

    http: httpx.AsyncClient

    async def send(
        self, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> httpx.Response:
        """Post an operation, and return the response."""
        body: dict[str, Any] = {"query": query}
        if variables is not None:
            body["variables"] = dict(variables)
        if operation_name is not None:
            body["operationName"] = operation_name
        return await self.http.post("/graphql", json=body)

    async def try_execute(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Execute an operation that may fail, and return its data and errors."""
        body: dict[str, Any] = (await self.send(query, variables)).json()
        return body

    async def execute(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Execute an operation that must have no errors, and return its data."""
        body = await self.try_execute(query, variables)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


async def refused(client: ApiClient, query: str) -> str:
    """Return the message of the query's only error, which must be about an argument."""
    [error] = (await client.try_execute(query))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT", error
    return str(error["message"])


class ApiClients:
    """Creates clients of one app. The fixture `app_client` is one."""

    def __init__(self, app: Starlette, open_clients: AsyncExitStack) -> None:
        self._app = app
        self._open = open_clients

    async def __call__(
        self,
        *,
        permissions: Iterable[PermissionKey] | None = None,
        roles: Iterable[str] = (),
        organization: str = ORGANIZATION,
        subject: str = "caller-1",
    ) -> ApiClient:
        """Return a client of a caller with these keys or roles; with neither, an administrator."""
        header = bearer(permissions=permissions, roles=roles, organization=organization, subject=subject)
        return await self.signed_in_as(header)

    async def signed_in_as(self, authorization: str | None) -> ApiClient:
        """Return a client that sends this Authorization header, or none."""
        return ApiClient(await self._open.enter_async_context(http_client(self._app, authorization)))


def make_clinic(engine: Database) -> Clinic:
    """Return a clinic in Phoenix whose weeks start on Sunday."""
    return Clinic(engine, now, uuid7, "America/Phoenix", 6)


def make_app(clinic: Clinic, *, authenticator: Authenticator | None = None, **options: Any) -> Starlette:
    """Return the app for tokens that the tests sign. Without other options, GraphiQL is off."""
    return create_app(clinic, authenticator or Authenticator(SECRET), **{"graphiql": False, **options})


def http_client(app: Starlette, authorization: str | None = None, *, url: str = URL) -> httpx.AsyncClient:
    """Return a client that sends any request to the app."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=url, headers=headers)


@asynccontextmanager
async def clients_of(app: Starlette) -> AsyncIterator[ApiClients]:
    """Yield a factory of clients of the app, and close them at the end."""
    async with AsyncExitStack() as open_clients:
        yield ApiClients(app, open_clients)


@pytest.fixture
def clinic(engine: Database) -> Clinic:
    """The clinic of the app, on each kind of database."""
    return make_clinic(engine)


@pytest.fixture
def app(clinic: Clinic) -> Starlette:
    """The app with the database of the test and with default options."""
    return make_app(clinic)


@pytest.fixture
async def app_client(app: Starlette) -> AsyncIterator[ApiClients]:
    """A factory of clients: `client = await app_client(permissions=[...])`."""
    async with clients_of(app) as clients:
        yield clients
