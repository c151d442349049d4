"""An identity provider on loopback, for the tests of sign-in."""

from collections.abc import Iterator

import pytest

from tests.server.auth.provider_host import ProviderHost, serving


@pytest.fixture
def provider_host() -> Iterator[ProviderHost]:
    with serving(ProviderHost()) as host:
        yield host
