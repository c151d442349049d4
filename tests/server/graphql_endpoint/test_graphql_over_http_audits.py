"""The audit suite of the GraphQL over HTTP specification (npm: graphql-http), run by Node.js over a real port."""

import json

import anyio
import pytest

from tests.support.api_client import bearer
from tests.support.node import NODE
from tests.support.repository import ROOT
from tests.support.served_app import address

__all__ = ["address"]

pytestmark = pytest.mark.anyio

WEB = ROOT / "web"


async def test_every_audit_of_graphql_over_http_passes(address: str) -> None:
    token = bearer().removeprefix("Bearer ")
    done = await anyio.run_process([NODE, "audits.mjs", f"{address}/graphql", token], cwd=WEB)
    audits = json.loads(done.stdout)
    assert len(audits) == 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []
