"""A running server seldom collects garbage, and never scans the objects created at startup."""

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
async def test_objects_created_at_startup_are_never_collected(app: Starlette) -> None:
    before = gc.get_threshold()
    async with app.router.lifespan_context(app):
        assert gc.get_freeze_count() > 10_000  # the schema has more objects than that
        assert gc.get_threshold()[0] > before[0]
