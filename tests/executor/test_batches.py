"""What is asked for, and how often: of what can be compiled, each level once."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from graphql import ExecutionResult, Executor, OperationDefinitionNode, execute, parse

from executor import batches as fill
from executor import execute as compiled_execute
from executor.cache import PlanCache
from tests.executor.library import (
    REVIEW_LAYOUT,
    AuthorRecord,
    BookRecord,
    Layout,
    Library,
    Planted,
    ReviewRecord,
    Rows,
    Tried,
    schema,
)
from tests.executor.universe import KEYS

pytestmark = pytest.mark.anyio

core = schema._schema
ALL = frozenset(KEYS)


def library(held: frozenset[str] = ALL, books: int = 3, **first: Any) -> Library:
    author = AuthorRecord({"id": "author", "name": "Ada", "agent_key": None})
    reviews = Rows(REVIEW_LAYOUT, [(f"r{n}", n, "text", None, 1, None, None, None, "g", {}) for n in range(2)])
    records = [
        BookRecord({"id": f"b{n}", "title": f"T{n}", "secret": "s", "author": author} | (first if n == 0 else {}))
        for n in range(books)
    ]
    answers: dict[tuple[str, Any], Any] = {("reviews", f"b{n}"): reviews for n in range(books)}
    return Library(held, records, answers | {("agents", 1): author})


async def run(query: str, context: Library, executor: type[Executor[Any]] = Tried, **variables: Any) -> ExecutionResult:
    result = execute(core, parse(query), context_value=context, variable_values=variables, executor_class=executor)
    return result if isinstance(result, ExecutionResult) else await result


async def test_a_level_is_resolved_once_for_all_its_parents_by_what_it_depends_on() -> None:
    context = library()
    result = await run("{ books { reviews { mood author { name } } } }", context)
    assert not result.errors
    assert result.data is not None
    assert result.data["books"][2]["reviews"][1] == {"mood": "GAY", "author": {"name": "Ada"}}
    assert context.batches == [("reviews", 3), ("agents", 1)]
    assert context.fallbacks == 0


async def test_a_query_that_is_compiled_as_a_whole_is_not_walked_by_graphql_core() -> None:
    class Unwalked(Tried):
        def execute_collected_root_fields(self, *_arguments: Any) -> Any:
            raise AssertionError

    query = "{ __typename motto book(number: 1) { reviews { author { name } } } }"
    context = library()
    result = await run(query, context, executor=Unwalked)
    assert not result.errors
    assert result.data == {
        "__typename": "Query",
        "motto": "Read",
        "book": {"reviews": [{"author": {"name": "Ada"}}, {"author": {"name": "Ada"}}]},
    }
    assert context.batches == [("reviews", 1), ("agents", 1)]


async def test_a_query_that_comes_again_needs_no_executor_and_is_told_its_own() -> None:
    built = 0

    class Built(Tried):
        @classmethod
        def build(cls, *arguments: Any, **named: Any) -> Any:
            nonlocal built
            built += 1
            return super().build(*arguments, **named)

    document = parse("query($id: ID!, $n: Int = 1) { found(id: $id) { id reviews(first: $n) { id } rating } }")
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    async def ask(**variables: Any) -> tuple[Any, int]:
        context = library(books=2)
        context.answers |= {("ratings", "b0"): 1.5, ("ratings", "b1"): 2.5}  # type: ignore[operator]
        result = await compiled_execute(Built, core, document, operation, variables, context)
        assert not result.errors
        assert result.data is not None
        return result.data["found"], built

    def book(number: int, reviews: int) -> dict[str, Any]:
        return {"id": f"b{number}", "reviews": [{"id": f"r{n}"} for n in range(reviews)], "rating": 1.5 + number}

    assert await ask(id="0", n=2) == (book(0, 2), 1)
    assert await ask(id="1", n=1) == (book(1, 1), 1)
    assert await ask(id="1", n=0) == (book(1, 0), 1)
    assert await ask(id="0") == (book(0, 1), 1)
    assert await ask(id=1, n=None) == (book(1, 2), 1)
    assert await ask(id="none") == (None, 1)
    assert await ask(id="0", n=2, more=[1]) == (book(0, 2), 1)


async def test_an_attempt_that_fails_is_left_to_the_very_executor_that_was_asked_for() -> None:
    handled = 0

    class Handling(Tried):
        def handle_field_error(self, *arguments: Any, **named: Any) -> None:
            nonlocal handled
            handled += 1
            super().handle_field_error(*arguments, **named)

    document = parse("query($id: ID!) { found(id: $id) { reviews(first: -1) { id } } }")
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    for number in range(1, 4):
        context = library(books=2)
        result = await compiled_execute(Handling, core, document, operation, {"id": "0"}, context)
        assert [error.message for error in result.errors or ()] == ["first is negative"]
        assert (handled, context.fallbacks) == (number, 1)


async def test_what_many_objects_of_one_parent_need_is_asked_for_at_once() -> None:
    most = running = 0

    class Watched(Library):
        async def batch(self, name: str, keys: Sequence[Any]) -> list[Any]:
            nonlocal most, running
            running += 1
            most = max(most, running)
            found = await super().batch(name, keys)
            running -= 1
            return found

    made = library(books=9)
    author = AuthorRecord({"id": "author", "name": "Ada", "books": made.books})
    first = BookRecord({"id": "first", "author": author})
    answers = {**made.answers, **{("ratings", f"b{n}"): 4.5 for n in range(9)}}
    context = Watched(ALL, [first], answers)
    result = await run("{ book { author { books { rating reviews { stars } } } } }", context)
    assert not result.errors
    assert (most, context.fallbacks) == (2, 0)


async def test_what_a_query_itself_cannot_find_is_told_by_graphql_core() -> None:
    context = library()
    result = await run("{ book(number: 9) { id } }", context)
    assert [error.message for error in result.errors or ()] == ["list index out of range"]
    assert (result.data, context.fallbacks) == ({"book": None}, 1)


async def test_arguments_are_those_of_the_request() -> None:
    query = "query ($n: Int) { books { reviews(first: $n) { id } shout(times: $n) } }"
    for wanted in (1, 2, 1):
        result = await run(query, library(), n=wanted)
        assert not result.errors
        assert result.data is not None
        book = result.data["books"][0]
        assert (len(book["reviews"]), book["shout"]) == (wanted, "T0" + "!" * wanted + "None")


async def test_an_attribute_that_several_fields_are_is_read_once() -> None:
    reads = 0

    def look() -> list[BookRecord]:
        nonlocal reads
        reads += 1
        return [BookRecord({"title": "T"})]

    context = library(books=1, author=AuthorRecord({"name": "Ada", "books": Planted(look)}))
    result = await run("{ shelf { author { books { title } a: books { title } b: books { __typename } } } }", context)
    assert result.data == {
        "shelf": [{"author": {"books": [{"title": "T"}], "a": [{"title": "T"}], "b": [{"__typename": "Book"}]}}]
    }
    assert (reads, context.fallbacks) == (1, 0)


async def test_a_guard_is_asked_once_for_a_request_and_not_for_every_parent() -> None:
    context = library(books=50)
    assert not (await run("{ books { secret again: secret } shelf { secret } more: books { secret } }", context)).errors
    assert context.checks == ["secrets"]


async def test_where_a_guard_refuses_nothing_is_tried_in_vain() -> None:
    context = library(held=frozenset())
    result = await run("{ books { secret reviews { stars } } }", context)
    assert [error.path for error in result.errors or ()] == [["books", n, "secret"] for n in range(3)]
    assert context.batches == [("reviews", 3)]
    assert context.fallbacks == 0


async def test_a_fallback_is_counted() -> None:
    context = library(title=ValueError("bad title"))
    result = await run("{ shelf { title } }", context)
    assert [error.message for error in result.errors or ()] == ["bad title"]
    assert result.data == {"shelf": [None, {"title": "T1"}, {"title": "T2"}]}
    assert context.fallbacks == 1


@pytest.mark.parametrize(
    ("written", "asked", "fallbacks"),
    [
        ({"id": UUID, "at": datetime}, "{ id at stars }", 0),
        ({"author_key": UUID}, "{ stars author { name } }", 1),
        ({"text": date}, "{ stars text }", 1),
        ({"id": date}, "{ id }", 1),
        ({"at": date}, "{ at }", 1),
    ],
    ids=["ids and instants", "a key", "of a type that writes none", "an id of no id", "of another class"],
)
async def test_a_text_in_a_row_serves_where_a_scalar_would_write_it_and_nowhere_else(
    written: dict[str, type], asked: str, fallbacks: int
) -> None:
    key, at = UUID(int=5), datetime(2026, 11, 23, 16, tzinfo=UTC)
    columns = {"id": 0, "stars": 1, "text": 2, "at": 3, "author_key": 4}
    texts = {name: (columns.pop(name), kind) for name, kind in written.items()}
    layout = Layout(ReviewRecord, columns, {}, texts)
    values = {"id": key, "text": "text", "at": at, "author_key": 1}
    row = (str(key), 5, "2026-11-23", at.isoformat(), "1", {name: values[name] for name in written})
    context = library()
    context.answers |= {("reviews", f"b{n}"): Rows(layout, [row]) for n in range(3)}  # type: ignore[operator]
    found = await run(f"{{ books {{ reviews {asked} }} }}", context)
    expected = await run(f"{{ books {{ reviews {asked} }} }}", context, Executor)
    assert (found.data, found.errors) == (expected.data, None)
    assert context.fallbacks == fallbacks


async def test_a_mutation_runs_once_whatever_becomes_of_its_answer() -> None:
    context = library(title=ValueError("bad title"))
    result = await run("mutation { a: rename { book { title } } b: rename(number: 2) { book { title } } }", context)
    assert (context.renames, context.fallbacks) == (2, 1)
    assert result.data == {"a": {"book": None}, "b": {"book": {"title": "T2"}}}


async def test_a_long_list_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(fill, "_TURN", 0.0)
    beside = asyncio.create_task(others())
    result = await run("{ shelf { title } }", library(books=fill._PART))
    beside.cancel()
    assert result.data is not None
    assert [book["title"] for book in result.data["shelf"]] == [f"T{n}" for n in range(fill._PART)]
    # Where each value takes longer than a turn, there are soon as many turns as values.
    assert turns > fill._PART - 2 * fill._FIRST


async def test_what_is_compiled_for_a_layout_is_forgotten_with_it() -> None:
    kept: list[weakref.ref[Layout]] = []
    for _ in range(100):
        layout = Layout(ReviewRecord, {"stars": 1}, {})
        context = library(books=1)
        context.answers |= {("reviews", "b0"): Rows(layout, [(0, 5)])}  # type: ignore[operator]
        result = await run("{ shelf { reviews { stars } } }", context)
        assert (result.data, context.fallbacks) == ({"shelf": [{"reviews": [{"stars": 5}]}]}, 0)
        kept.append(weakref.ref(layout))
    del layout, context
    gc.collect()
    assert sum(1 for each in kept if each() is not None) < 50


def test_plans_are_kept_within_a_bound_those_used_last() -> None:
    cache = PlanCache(memory=15_000, variants=2)

    def plan(text: str, **variables: Any) -> Any:
        [operation] = parse(text).definitions
        assert isinstance(operation, OperationDefinitionNode)
        return cache.plan(core, operation, {}, variables)

    first, second = "{ shop { __typename } }", "{ shelf { id } }"
    kept = plan(first)
    assert plan(first) is kept
    plan(second)
    plan("{ books { id } }")
    assert plan(first) is kept
    plan("{ a: books { id } }")
    assert plan(first) is kept
    assert len(cache._operations) == 3
    condition = "query ($on: Boolean!) { shelf @include(if: $on) { id } }"
    assert plan(condition, on=True) is plan(condition, on=True)
    assert plan(condition, on=True) is not plan(condition, on=False)
