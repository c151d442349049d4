"""Reporting tokens read exports and nothing else. They are stored as hashes, listed and revoked."""

import base64
import io
from argparse import Namespace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import select, update

from db.connections.engine import Database
from db.tables import access_log, reporting_tokens
from resolvers.caller import ROLES, PermissionKey
from resolvers.secret_tokens import SecretToken
from server.cli.reporting_tokens import list_tokens, make_token, revoke_token
from server.exports.tokens import REPORTING_PREFIX
from server.runtime.command_error import CommandError
from tests.support.api_client import ApiClients, bearer
from tests.support.clinic import OURS
from tests.support.databases import operator_of
from tests.support.lively_clinic import Lively, lively_clinic

pytestmark = pytest.mark.anyio


async def new_token(engine: Database, **options: Any) -> str:
    defaults = {"organization": OURS, "subject": "power-bi", "permission": None, "role": ["staff"], "expires_in": None}
    out = io.StringIO()
    await make_token(operator_of(engine), out, Namespace(**{**defaults, **options}), ROLES)
    return out.getvalue().strip()


async def listed(engine: Database, organization: str = OURS) -> list[dict[str, Any]]:
    out = io.BytesIO()
    await list_tokens(operator_of(engine), out, organization)
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def basic(password: str, user: str = "anything") -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.fixture
async def lively(engine: Database) -> Lively:
    return await lively_clinic(engine)


@pytest.fixture
async def http(app_client: ApiClients) -> httpx.AsyncClient:
    return (await app_client.signed_in_as(None)).http


async def get(http: httpx.AsyncClient, authorization: str, path: str = "/export/enrollments") -> httpx.Response:
    return await http.get(path, headers={"Authorization": authorization})


async def test_a_reporting_token_reads_exports_as_its_subject(
    engine: Database, http: httpx.AsyncClient, lively: Lively
) -> None:
    token = await new_token(engine)
    for authorization in (f"Bearer {token}", basic(token), basic(token, "")):
        response = await get(http, authorization)
        assert response.status_code == 200, response.text
        assert len(response.text.splitlines()) > 5
    async with engine.connect() as connection:
        rows = (await connection.execute(select(access_log.c.actor_id, access_log.c.operation))).all()
    assert [row for row in rows if row[1] == "export enrollments"] == [("power-bi", "export enrollments")] * 3


async def test_a_reporting_token_is_refused_everywhere_else(
    engine: Database, http: httpx.AsyncClient, lively: Lively
) -> None:
    token = await new_token(engine)
    for authorization in (f"Bearer {token}", basic(token)):
        headers = {"Authorization": authorization}
        assert (await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code == 401
        assert (await http.post("/events", json={}, headers=headers)).status_code != 200


async def test_a_reporting_token_has_only_the_keys_it_was_made_with(
    engine: Database, http: httpx.AsyncClient, lively: Lively
) -> None:
    token = await new_token(engine, role=None, permission=[PermissionKey.GROUP_SCHEDULE_VIEW])
    assert (await get(http, f"Bearer {token}", "/export/occurrences")).status_code == 200
    assert (await get(http, f"Bearer {token}", "/export/enrollments")).status_code == 403


async def test_a_reporting_token_cannot_be_made_to_change_anything(engine: Database) -> None:
    with pytest.raises(CommandError, match=r"pm\.group_schedule\.view"):
        await new_token(engine, role=None, permission=[PermissionKey.GROUP_SCHEDULE_EDIT])
    await new_token(engine, role=["org_admin"])
    [token] = await listed(engine)
    assert token["permissions"] == sorted(key for key in PermissionKey if key.endswith(".view"))


async def test_a_revoked_token_is_refused_at_once(engine: Database, http: httpx.AsyncClient, lively: Lively) -> None:
    kept, token = await new_token(engine), await new_token(engine, subject="excel")
    [_, row] = await listed(engine)
    out = io.StringIO()
    await revoke_token(operator_of(engine), out, OURS, UUID(row["id"]))
    response = await get(http, basic(token))
    assert (response.status_code, response.json()["errors"][0]["message"]) == (
        401,
        "The reporting token is unknown, expired or revoked.",
    )
    assert (await get(http, basic(kept))).status_code == 200
    assert [(row["subject"], row["valid"]) for row in await listed(engine)] == [("power-bi", True), ("excel", False)]
    with pytest.raises(CommandError, match="no token"):
        await revoke_token(operator_of(engine), out, OURS, UUID(row["id"]))


async def test_a_token_is_revoked_only_within_its_organization(engine: Database, http: httpx.AsyncClient) -> None:
    token = await new_token(engine)
    [row] = await listed(engine)
    with pytest.raises(CommandError, match="no token"):
        await revoke_token(operator_of(engine), io.StringIO(), "another", UUID(row["id"]))
    assert await listed(engine, "another") == []
    assert (await get(http, basic(token), "/export/groups")).status_code == 200


async def test_an_expired_token_is_refused(engine: Database, http: httpx.AsyncClient) -> None:
    token = await new_token(engine, expires_in=timedelta(hours=1))
    assert (await get(http, basic(token), "/export/groups")).status_code == 200
    async with engine.begin() as connection:
        made = reporting_tokens.c.created_at
        await connection.execute(update(reporting_tokens).values(expires_at=made))
    assert (await get(http, basic(token), "/export/groups")).status_code == 401


async def test_the_database_has_nothing_to_sign_in_with(engine: Database, http: httpx.AsyncClient) -> None:
    token = await new_token(engine)
    async with engine.connect() as connection:
        [row] = (await connection.execute(select(reporting_tokens))).mappings()
    assert token.rpartition(".")[2] not in str(dict(row))
    secret = SecretToken.parse(REPORTING_PREFIX, token)
    assert secret is not None
    assert row["digest"] == secret.digest
    assert (await get(http, basic(row["digest"].hex()), "/export/groups")).status_code == 401


async def test_a_token_reads_only_the_organization_it_was_made_for(
    engine: Database, http: httpx.AsyncClient, lively: Lively
) -> None:
    theirs = await new_token(engine, organization="another")
    secret = theirs.rpartition(".")[2]
    ours = SecretToken.new(REPORTING_PREFIX, OURS).text.rpartition(".")[0]
    assert (await get(http, basic(f"{ours}.{secret}"))).status_code == 401
    assert len((await get(http, basic(theirs))).text.splitlines()) == 1


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        basic(""),
        basic("password"),
        basic(bearer().removeprefix("Bearer ")),
        f"Digest {SecretToken.new(REPORTING_PREFIX, OURS).text}",
        f"Bearer {SecretToken.new(REPORTING_PREFIX, OURS).text}",
        f"Bearer gsr_AA.{'a' * 43}",
        f"Bearer gsr_{'_' * 4}.{'a' * 43}",
        f"Basic {'a' * 20_000}",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    ],
    # Not the values: some are random, and every process must collect the same tests.
    ids=[
        *("no credentials", "no base64", "no password", "a word", "a token of a person", "another scheme"),
        *("an unknown token", "no organization", "an invalid organization", "too long", "no text"),
    ],
)
async def test_anything_else_is_refused_with_a_challenge(http: httpx.AsyncClient, authorization: str) -> None:
    response = await get(http, authorization)
    assert response.status_code == 401
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer")
    assert challenge.endswith('Basic realm="exports", charset="UTF-8"')
