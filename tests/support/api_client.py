"""Clients of the API as tests use them: callers of an organization with keys or roles, over HTTP against the app."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
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
    """Gives an Authorization header; without permissions and roles, one of an administrator with all keys."""
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
    """One signed-in caller. `http` sends anything; `send` and `ask` send GraphQL."""

    http: httpx.AsyncClient

    async def send(
        self, query: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> httpx.Response:
        """Posts an operation and gives the response, whatever it is."""
        body: dict[str, Any] = {"query": query}
        if variables is not None:
            body["variables"] = dict(variables)
        if operation_name is not None:
            body["operationName"] = operation_name
        return await self.http.post("/graphql", json=body)

    async def answer(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Gives the whole answer, with its data and its errors."""
        answer: dict[str, Any] = (await self.send(query, variables)).json()
        return answer

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Gives the data of an operation that must have no errors."""
        answer = await self.answer(query, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data


async def refused(client: ApiClient, query: str) -> str:
    """Gives the words of the one error, which must be about the query's arguments."""
    [error] = (await client.answer(query))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT", error
    return str(error["message"])


class ApiClients:
    """Makes clients of one app; the fixture `app_client`."""

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
        """Gives a client signed in with these keys or roles; with neither, an administrator."""
        header = bearer(permissions=permissions, roles=roles, organization=organization, subject=subject)
        return await self.signed_in_as(header)

    async def signed_in_as(self, authorization: str | None) -> ApiClient:
        """Gives a client that sends this Authorization header, or none."""
        headers = {} if authorization is None else {"Authorization": authorization}
        http = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=URL, headers=headers)
        return ApiClient(await self._open.enter_async_context(http))


@pytest.fixture
def clinic(engine: Database) -> Clinic:
    """The clinic of the app, on each kind of database."""
    return Clinic(engine, now, uuid7, "America/Phoenix", 6)


@pytest.fixture
def app(clinic: Clinic) -> Starlette:
    """The app over the test's database, with GraphiQL off."""
    return create_app(clinic, Authenticator(SECRET), graphiql=False)


@pytest.fixture
async def app_client(app: Starlette) -> AsyncIterator[ApiClients]:
    """Call it for a client: `client = await app_client(permissions=[...])`."""
    async with AsyncExitStack() as open_clients:
        yield ApiClients(app, open_clients)
