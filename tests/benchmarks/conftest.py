"""The benchmark measures on PostgreSQL, so its tests run on PostgreSQL only."""

import pytest

from tests.support.api_client import app, app_client, clinic

__all__ = ["app", "app_client", "clinic"]


@pytest.fixture(params=["postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)
