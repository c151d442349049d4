"""Subscriptions, @defer and @stream: both executors return the same results, in the same order."""

import gc
import random
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any

import orjson
import pytest
from graphql import Executor, parse, specified_rules, subscribe, validate
from graphql.execution import experimental_execute_incrementally
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tests.executor.library import CountingExecutor, Library, make_schema
from tests.executor.universe import PERMISSIONS, Universe

pytestmark = [
    pytest.mark.anyio,
    # Planted faults leave coroutines: see test_generated_documents.
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
Execute = Callable[[Library, type[Executor[Any]]], Any]


async def _results(result: Any) -> list[Any]:
    if isinstance(result, Awaitable):
        result = await result
    if hasattr(result, "subsequent_results"):
        return [result.initial_result.formatted, *[part.formatted async for part in result.subsequent_results]]
    if isinstance(result, AsyncIterable):
        return [part.formatted async for part in result]
    return [result.formatted]


async def _compare(seed: int, fault_rate: float, execute: Execute) -> tuple[list[Any], Library]:
    texts = []
    for executor in (StrawberryGraphQLCoreExecutionContext, CountingExecutor):
        universe = Universe(seed, fault_rate)
        library = universe.library(frozenset(PERMISSIONS))
        results = await _results(execute(library, executor))
        texts.append(orjson.dumps(results, default=lambda value: type(value).__name__))
        universe.close()
    assert texts[0] == texts[1]
    return orjson.loads(texts[0]), library


@pytest.mark.parametrize("query", DEFERRED)
async def test_deferred_parts_are_those_of_graphql_core(query: str) -> None:
    document = parse(query)
    assert not validate(core, document, specified_rules)
    parts = 0
    for seed in range(30):

        def execute(library: Library, executor: type[Executor[Any]], seed: int = seed) -> Any:
            return experimental_execute_incrementally(
                core, document, context_value=library, variable_values={"on": seed % 5 > 0}, executor_class=executor
            )

        results, library = await _compare(seed, random.Random(seed).choice([0, 0, 0.05]), execute)
        parts = max(parts, len(results))
        assert library.fallbacks == 0
    assert parts > 1
    gc.collect()  # while the warnings about coroutines are ignored


async def test_events_of_a_subscription_are_those_of_graphql_core() -> None:
    document = parse(f"subscription {{ read {{ {FIELDS} }} }}")
    for seed in range(30):

        def execute(library: Library, executor: type[Executor[Any]]) -> Any:
            return subscribe(core, document, context_value=library, executor_class=executor)

        results, library = await _compare(seed, random.Random(seed).choice([0, 0, 0.05]), execute)
        assert len(results) == len(library.books)
        assert library.fallbacks == 0
    gc.collect()
