"""Subscriptions, @defer and @stream are graphql-core's: with the executor the same comes, in the same order."""

import gc
import random
from collections.abc import AsyncIterable, Awaitable
from typing import Any

import orjson
import pytest
from graphql import Executor, parse, specified_rules, subscribe, validate
from graphql.execution import experimental_execute_incrementally
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tests.executor.library import Library, Tried, make_schema
from tests.executor.universe import KEYS, Universe

pytestmark = [
    pytest.mark.anyio,
    # As for all that is planted: see test_same_answers.
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

core = make_schema(incremental=True)._schema
FIELDS = "title pages weight secret author { name prizes } reviews { mood at author { name } }"
DEFERRED = [
    "{ books { title ... @defer { reviews { text author { name } } } } }",
    '{ books { title ... @defer(label: "slow") { slow rating } } motto }',
    "{ books @stream(initialCount: 1) { title author { prizes } } }",
    "query($on: Boolean!) { book { title ... @defer(if: $on) { secret rounded } } }",
    "{ shelf { tags @stream(initialCount: 0) ... on Book @defer { author { agent { name } } } } }",
]


async def _plain(result: Any) -> list[Any]:
    if isinstance(result, Awaitable):
        result = await result
    if hasattr(result, "subsequent_results"):
        return [result.initial_result.formatted, *[part.formatted async for part in result.subsequent_results]]
    if isinstance(result, AsyncIterable):
        return [part.formatted async for part in result]
    return [result.formatted]


async def _both(seed: int, trouble: float, ask: Any) -> tuple[list[Any], Library]:
    found = []
    for executor in (StrawberryGraphQLCoreExecutionContext, Tried):
        universe = Universe(seed, trouble)
        library = universe.library(frozenset(KEYS))
        told = await _plain(ask(library, executor))
        found.append(orjson.dumps(told, default=lambda value: type(value).__name__))
        universe.close()
    assert found[0] == found[1]
    return orjson.loads(found[0]), library


@pytest.mark.parametrize("query", DEFERRED)
async def test_what_comes_later_comes_as_from_graphql_core(query: str) -> None:
    document = parse(query)
    assert not validate(core, document, specified_rules)
    parts = 0
    for seed in range(30):

        def ask(library: Library, executor: type[Executor[Any]], seed: int = seed) -> Any:
            return experimental_execute_incrementally(
                core, document, context_value=library, variable_values={"on": seed % 5 > 0}, executor_class=executor
            )

        told, library = await _both(seed, random.Random(seed).choice([0, 0, 0.05]), ask)
        parts = max(parts, len(told))
        assert library.fallbacks == 0
    assert parts > 1
    gc.collect()  # while what is said of coroutines is not listened to


async def test_each_event_of_a_subscription_comes_as_from_graphql_core() -> None:
    document = parse(f"subscription {{ read {{ {FIELDS} }} }}")
    for seed in range(30):

        def ask(library: Library, executor: type[Executor[Any]]) -> Any:
            return subscribe(core, document, context_value=library, executor_class=executor)

        told, library = await _both(seed, random.Random(seed).choice([0, 0, 0.05]), ask)
        assert len(told) == len(library.books)
        assert library.fallbacks == 0
    gc.collect()
