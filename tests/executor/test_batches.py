"""What compiled code resolves, and how often: each level of a query once."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from graphql import ExecutionResult, Executor, OperationDefinitionNode, execute, parse

from executor import batches
from executor import execute as compiled_execute
from tests.executor.library import (
    JOINED_REVIEW_LAYOUT,
    REVIEW_LAYOUT,
    AuthorRecord,
    BookRecord,
    ComputedValue,
    CountingExecutor,
    Library,
    LibraryLayout,
    ReviewRecord,
    Rows,
    schema,
)
from tests.executor.universe import PERMISSIONS

pytestmark = pytest.mark.anyio

core = schema._schema
ALL = frozenset(PERMISSIONS)


def library(permissions: frozenset[str] = ALL, books: int = 3, **first: Any) -> Library:
    author = AuthorRecord({"id": "author", "name": "Ada", "agent_key": None})
    reviews = Rows(REVIEW_LAYOUT, [(f"r{n}", n, "text", None, 1, None, None, None, "g", {}) for n in range(2)])
    records = [
        BookRecord({"id": f"b{n}", "title": f"T{n}", "secret": "s", "author": author} | (first if n == 0 else {}))
        for n in range(books)
    ]
    values: dict[tuple[str, Any], Any] = {("reviews", f"b{n}"): reviews for n in range(books)}
    return Library(permissions, records, values | {("agents", 1): author})


async def run(
    query: str, context: Library, executor: type[Executor[Any]] = CountingExecutor, **variables: Any
) -> ExecutionResult:
    result = execute(core, parse(query), context_value=context, variable_values=variables, executor_class=executor)
    return result if isinstance(result, ExecutionResult) else await result


async def test_a_level_is_resolved_once_for_the_keys_of_all_its_parents() -> None:
    context = library()
    result = await run("{ books { reviews { mood author { name } } } }", context)
    assert not result.errors
    assert result.data is not None
    assert result.data["books"][2]["reviews"][1] == {"mood": "GAY", "author": {"name": "Ada"}}
    assert context.batches == [("reviews", 3), ("agents", 1)]
    assert context.fallbacks == 0


def library_with_joined_reviews(permissions: frozenset[str] = ALL) -> Library:
    row: tuple[Any, ...] = ("r", 5, "text", None, 1, None, None, None, "g", "author", "Ada", None, True, {})
    context = library(permissions)
    context.batch_values |= {("reviews", f"b{n}"): Rows(JOINED_REVIEW_LAYOUT, [row]) for n in range(3)}  # type: ignore[operator]
    return context


async def test_a_record_that_the_rows_hold_is_not_resolved() -> None:
    context = library_with_joined_reviews()
    result = await run("{ books { reviews { stars author { name kind: __typename } editor { label } } } }", context)
    assert not result.errors
    assert result.data is not None
    expected = {"stars": 5, "author": {"name": "Ada", "kind": "Author"}, "editor": {"label": "author:author"}}
    assert result.data["books"][2]["reviews"] == [expected]
    assert context.batches == [("reviews", 3)]


async def test_a_refused_record_that_the_rows_hold_stays_out_of_the_response() -> None:
    context = library_with_joined_reviews(ALL - {"agents"})
    result = await run("{ books { reviews { stars editor { name } } } }", context)
    assert result.data is not None
    assert [book["reviews"] for book in result.data["books"]] == [[{"stars": 5, "editor": None}]] * 3
    assert [error.message for error in result.errors or ()] == ["You need agents."] * 3
    assert context.fallbacks == 0


async def test_a_record_with_more_than_attributes_is_resolved_even_if_the_rows_hold_it() -> None:
    context = library_with_joined_reviews()
    result = await run("{ books { reviews { author { name agent { name } } } } }", context)
    assert not result.errors
    assert result.data is not None
    assert result.data["books"][0]["reviews"] == [{"author": {"name": "Ada", "agent": None}}]
    assert context.batches == [("reviews", 3), ("agents", 1)]


async def test_a_query_compiled_as_a_whole_is_not_executed_by_graphql_core() -> None:
    class OnlyCompiled(CountingExecutor):
        def execute_collected_root_fields(self, *_arguments: Any) -> Any:
            raise AssertionError

    query = "{ __typename motto book(number: 1) { reviews { author { name } } } }"
    context = library()
    result = await run(query, context, executor=OnlyCompiled)
    assert not result.errors
    assert result.data == {
        "__typename": "Query",
        "motto": "Read",
        "book": {"reviews": [{"author": {"name": "Ada"}}, {"author": {"name": "Ada"}}]},
    }
    assert context.batches == [("reviews", 1), ("agents", 1)]


async def test_a_repeated_query_needs_no_executor() -> None:
    created = 0

    class CountedExecutor(CountingExecutor):
        @classmethod
        def build(cls, *arguments: Any, **named: Any) -> Any:
            nonlocal created
            created += 1
            return super().build(*arguments, **named)

    document = parse("query($id: ID!, $n: Int = 1) { bookById(id: $id) { id reviews(first: $n) { id } rating } }")
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    async def run_again(**variables: Any) -> tuple[Any, int]:
        context = library(books=2)
        context.batch_values |= {("ratings", "b0"): 1.5, ("ratings", "b1"): 2.5}  # type: ignore[operator]
        result = await compiled_execute(CountedExecutor, core, document, operation, variables, context)
        assert not result.errors
        assert result.data is not None
        return result.data["bookById"], created

    def book(number: int, reviews: int) -> dict[str, Any]:
        return {"id": f"b{number}", "reviews": [{"id": f"r{n}"} for n in range(reviews)], "rating": 1.5 + number}

    assert await run_again(id="0", n=2) == (book(0, 2), 1)
    assert await run_again(id="1", n=1) == (book(1, 1), 1)
    assert await run_again(id="1", n=0) == (book(1, 0), 1)
    assert await run_again(id="0") == (book(0, 1), 1)
    assert await run_again(id=1, n=None) == (book(1, 2), 1)
    assert await run_again(id="none") == (None, 1)
    assert await run_again(id="0", n=2, more=[1]) == (book(0, 2), 1)


async def test_a_failed_attempt_falls_back_to_the_executor_of_the_caller() -> None:
    handled = 0

    class Handling(CountingExecutor):
        def handle_field_error(self, *arguments: Any, **named: Any) -> None:
            nonlocal handled
            handled += 1
            super().handle_field_error(*arguments, **named)

    document = parse("query($id: ID!) { bookById(id: $id) { author { prizes again: prizes } } }")
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    for _ in range(3):
        handled = 0
        context = library(books=2)
        result = await compiled_execute(Handling, core, document, operation, {"id": "0"}, context)
        message = "Cannot return null for non-nullable field Author.prizes."
        assert [error.message for error in result.errors or ()] == [message]
        assert handled > 0
        assert context.fallbacks == 1


async def test_batches_of_one_level_run_concurrently() -> None:
    max_running = running = 0

    class CountingLibrary(Library):
        async def batch(self, name: str, keys: Sequence[Any]) -> list[Any]:
            nonlocal max_running, running
            running += 1
            max_running = max(max_running, running)
            values = await super().batch(name, keys)
            running -= 1
            return values

    many = library(books=9)
    author = AuthorRecord({"id": "author", "name": "Ada", "books": many.books})
    first = BookRecord({"id": "first", "author": author})
    values = {**many.batch_values, **{("ratings", f"b{n}"): 4.5 for n in range(9)}}
    context = CountingLibrary(ALL, [first], values)
    result = await run("{ book { author { books { rating reviews { stars } } } } }", context)
    assert not result.errors
    assert (max_running, context.fallbacks) == (2, 0)


async def test_a_root_field_fails_in_place() -> None:
    context = library()
    result = await run("{ book(number: 9) { id } }", context)
    assert [error.message for error in result.errors or ()] == ["list index out of range"]
    assert (result.data, context.fallbacks) == ({"book": None}, 0)


async def test_each_request_has_its_own_arguments() -> None:
    query = "query ($n: Int) { books { reviews(first: $n) { id } shout(times: $n) } }"
    for number in (1, 2, 1):
        result = await run(query, library(), n=number)
        assert not result.errors
        assert result.data is not None
        book = result.data["books"][0]
        assert (len(book["reviews"]), book["shout"]) == (number, "T0" + "!" * number + "None")


async def test_an_attribute_that_several_fields_select_is_read_once() -> None:
    reads = 0

    def compute() -> list[BookRecord]:
        nonlocal reads
        reads += 1
        return [BookRecord({"title": "T"})]

    context = library(books=1, author=AuthorRecord({"name": "Ada", "books": ComputedValue(compute)}))
    result = await run("{ shelf { author { books { title } a: books { title } b: books { __typename } } } }", context)
    assert result.data == {
        "shelf": [{"author": {"books": [{"title": "T"}], "a": [{"title": "T"}], "b": [{"__typename": "Book"}]}}]
    }
    assert (reads, context.fallbacks) == (1, 0)


async def test_a_guard_checks_once_in_a_request() -> None:
    context = library(books=50)
    assert not (await run("{ books { secret again: secret } shelf { secret } more: books { secret } }", context)).errors
    assert context.checks == ["secrets"]


async def test_a_refusing_guard_leaves_the_other_fields_compiled() -> None:
    context = library(permissions=frozenset())
    result = await run("{ books { secret reviews { stars } } }", context)
    assert [error.path for error in result.errors or ()] == [["books", n, "secret"] for n in range(3)]
    assert context.batches == [("reviews", 3)]
    assert context.fallbacks == 0


@pytest.mark.parametrize(
    ("texts", "selection"),
    [
        ({"id": UUID, "at": datetime}, "{ id at stars }"),
        ({"author_key": UUID}, "{ stars author { name } }"),
        ({"text": date}, "{ stars text }"),
        ({"id": date}, "{ id }"),
        ({"at": date}, "{ at }"),
    ],
    ids=["ids and instants", "a key", "a scalar without serializer", "an id that is no UUID", "of another class"],
)
async def test_a_text_column_serves_only_the_scalar_that_writes_its_class(
    texts: dict[str, type], selection: str
) -> None:
    key, at = UUID(int=5), datetime(2026, 11, 23, 16, tzinfo=UTC)
    columns = {"id": 0, "stars": 1, "text": 2, "at": 3, "author_key": 4}
    text_columns = {name: (columns.pop(name), class_) for name, class_ in texts.items()}
    layout = LibraryLayout(ReviewRecord, columns, {}, text_columns)
    values = {"id": key, "text": "text", "at": at, "author_key": 1}
    row = (str(key), 5, "2026-11-23", at.isoformat(), "1", {name: values[name] for name in texts})
    context = library()
    context.batch_values |= {("reviews", f"b{n}"): Rows(layout, [row]) for n in range(3)}  # type: ignore[operator]
    actual = await run(f"{{ books {{ reviews {selection} }} }}", context)
    expected = await run(f"{{ books {{ reviews {selection} }} }}", context, Executor)
    assert (actual.data, actual.errors) == (expected.data, None)
    assert context.fallbacks == 0


async def test_a_mutation_runs_once_even_if_its_payload_falls_back() -> None:
    async def awaited() -> str:
        return "T"

    context = library(title=ComputedValue(awaited))
    result = await run("mutation { a: rename { book { title } } b: rename(number: 2) { book { title } } }", context)
    assert (context.renames, context.fallbacks) == (2, 1)
    assert result.data == {"a": {"book": {"title": "T"}}, "b": {"book": {"title": "T2"}}}


async def test_other_tasks_run_while_a_long_list_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = 0

    async def other_task() -> None:
        nonlocal runs
        while True:
            runs += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(batches, "_MAX_BLOCKING", 0.0)
    other = asyncio.create_task(other_task())
    result = await run("{ shelf { title } }", library(books=batches._MAX_PART))
    other.cancel()
    assert result.data is not None
    assert [book["title"] for book in result.data["shelf"]] == [f"T{n}" for n in range(batches._MAX_PART)]
    # Every value takes longer than the limit, so that parts soon have one value each.
    assert runs > batches._MAX_PART - 2 * batches._FIRST_PART


async def test_code_compiled_for_a_layout_is_freed_with_the_layout() -> None:
    layouts: list[weakref.ref[LibraryLayout]] = []
    for _ in range(100):
        layout = LibraryLayout(ReviewRecord, {"stars": 1}, {})
        context = library(books=1)
        context.batch_values |= {("reviews", "b0"): Rows(layout, [(0, 5)])}  # type: ignore[operator]
        result = await run("{ shelf { reviews { stars } } }", context)
        assert (result.data, context.fallbacks) == ({"shelf": [{"reviews": [{"stars": 5}]}]}, 0)
        layouts.append(weakref.ref(layout))
    del layout, context
    gc.collect()
    assert sum(1 for reference in layouts if reference() is not None) < 50
