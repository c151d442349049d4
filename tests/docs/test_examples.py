"""Every query and mutation of README.md and docs/api.md runs on the demo clinic and returns what the page shows."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.demo.clinic import DEMO_ORGANIZATION, DEMO_PEOPLE, fill_demo_clinic
from tests.docs.examples import examples_of, matches, references_in, resolve
from tests.support.api_client import SECRET, ApiClient, ApiClients, bearer
from tests.support.repository import ROOT

PAGES = [ROOT / "README.md", ROOT / "docs" / "api.md"]
MOMENT = datetime(2026, 11, 27, 19, tzinfo=UTC)
"""The moment that the pages were written at: noon in Phoenix."""


@pytest.fixture
async def administrator(engine: Database) -> AsyncIterator[ApiClient]:
    """The administrator of the demo clinic, at the moment of the pages."""
    clinic = Clinic(engine, lambda: MOMENT, uuid7, "America/Phoenix", 6)
    await fill_demo_clinic(clinic)
    app = create_app(clinic, Authenticator(SECRET), graphiql=False)
    person = DEMO_PEOPLE[0]
    header = bearer(roles=[person.role], organization=DEMO_ORGANIZATION, subject=person.subject)
    async with AsyncExitStack() as open_clients:
        yield await ApiClients(app, open_clients).signed_in_as(header)


@pytest.mark.anyio
@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
async def test_an_example_returns_what_its_page_shows(administrator: ApiClient, page: Path) -> None:
    examples = examples_of(page)
    assert examples
    references: dict[str, Any] = {}
    for example in examples:
        variables = resolve(example.variables, references)
        response = (await administrator.send(example.query, variables)).json()
        references.update(references_in(response.get("data")))
        if example.response is None:
            assert "errors" not in response, (example.line, response)
        else:
            shown = {key: response[key] for key in example.response}
            assert matches(example.response, shown), (example.line, json.dumps(response))
