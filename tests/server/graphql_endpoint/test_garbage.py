"""A server that is up collects garbage seldom, and never looks at what was there at the start."""

import gc
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

pytestmark = pytest.mark.anyio


@pytest.fixture
def restored_collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("restored_collector")
async def test_what_is_there_at_the_start_is_left_out_of_collections(app: Starlette) -> None:
    before = gc.get_threshold()
    async with app.router.lifespan_context(app):
        assert gc.get_freeze_count() > 10_000  # the schema alone is more
        assert gc.get_threshold()[0] > before[0]
