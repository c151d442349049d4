"""Fields that fail become null in place: the rest of the query stays compiled, and the errors are graphql-core's."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, execute

from tests.executor.comparing import parse_valid, response_text
from tests.executor.documents import Request
from tests.executor.library import (
    REVIEW_LAYOUT,
    AuthorRecord,
    BookRecord,
    ComputedValue,
    CountingExecutor,
    EncodingExecutor,
    Library,
    LibraryLayout,
    PlantedError,
    ReviewRecord,
    Rows,
    schema,
)
from tests.executor.universe import PERMISSIONS

pytestmark = pytest.mark.anyio

core = schema._schema


def raising() -> Any:
    raise PlantedError("computed")


def library(refused: Sequence[str] = (), books: int = 9) -> Library:
    """Return a library in which each third book has values that fail."""
    authors = [AuthorRecord({"id": f"a{n}", "name": "Ada", "agent_key": n % 2 or None}) for n in range(4)]
    faulty: dict[str, Any] = {"weight": "heavy", "name": ComputedValue(raising), "title": None, "co_author": object()}
    records = []
    for n in range(books):
        values = {"id": f"b{n}", "title": f"T{n}", "name": "N", "weight": 1.5, "secret": "s", "co_author": None}
        values |= {"author": authors[n % 4], "tags": ["a", None], "mood": None} | (faulty if n % 3 == 0 else {})
        records.append(BookRecord(values))
    batch_values: dict[tuple[str, Any], Any] = {}
    for n in range(books):
        # Lists of no, one and two reviews, the second of which has a null in a non-null position.
        rows: list[Any] = [
            (f"r{n}-{m}", None if m else 5, "text", None, 1, None, None, "h", "g", {}) for m in range(n % 3)
        ]
        batch_values["reviews", f"b{n}"] = PlantedError("of one key") if n == 5 else Rows(REVIEW_LAYOUT, rows)
        batch_values["ratings", f"b{n}"] = 4.5
        batch_values["rounded", f"b{n}"] = "rounded" if n % 4 == 0 else n
    batch_values |= {("agents", 1): authors[1], ("prizes", "a0"): ["Booker"]}
    return Library(frozenset(PERMISSIONS) - set(refused), records, batch_values)


async def compare(document: str, context: Any, executor: type[CountingExecutor]) -> tuple[str, Library]:
    """Return the response of both executors, and the compiled executor's context."""
    request = Request(document, {})
    parsed = parse_valid(core, request)
    assert parsed is not None
    expected = await response_text(core, parsed, request, context())
    for _ in range(2):  # the second execution takes the fast path
        used = context()
        assert await response_text(core, parsed, request, used, executor) == expected
    return expected, used


IN_PLACE = {
    "a refused attribute": (["secrets"], "{ shop { __typename } books { id secret more: secret } }", 18),
    "a refused batch": (["agents"], "{ bookById(id: 1) { author { name agent { agent { name } } } } }", 1),
    "refused batches in lists of different lengths": (["secrets"], "{ books { reviews { hidden id } } }", 8),
    "a refused root field": (["agents"], "{ motto book { title } }", 1),
    "refused fields at several levels": (
        ["secrets", "agents", "ratings"],
        "{ shelf { secret rounded author { agent { name } } reviews { hidden id } } }",
        35,
    ),
    "a refused field below another": (["agents"], "{ books { author { agent { agent { name } } } } }", 9),
    "a scalar that cannot be serialized": ([], "{ shelf { weight } }", 3),
    "an attribute that raises": ([], "{ shelf { id name } }", 3),
    "an object of another class": ([], "{ books { id coAuthor { name } } }", 3),
    "a null in a non-null position": ([], "{ shelf { id name title secret } }", 6),
    "a null that a list of rows propagates": ([], "{ books { reviews { id text stars } } }", 3),
    "an exception of a batch for one parent": ([], "{ books { id reviews { id } } }", 1),
    "an exception of a batch for all parents": ([], "{ books { id reviews(first: -1) { id } } }", 9),
    "a value of a batch that cannot be serialized": ([], "{ books { id rounded } }", 3),
    "one failure of a whole query": ([], "{ book(number: 99) { id } }", 1),
    "nulls of a batch in non-null positions": ([], "{ shelf { author { prizes name } } }", 6),
    "a field of a mutation's payload": (["secrets"], "mutation { rename { book { id secret } } }", 1),
    "fields of several payloads": (
        ["secrets"],
        "mutation { rename { book { id secret weight } } b: rename(number: 1) { others { secret } } }",
        10,
    ),
    "a root list beside one of an interface": (["secrets"], "{ everything { id } books { secret } }", 9),
}


@pytest.mark.parametrize("executor", [CountingExecutor, EncodingExecutor])
@pytest.mark.parametrize("case", IN_PLACE)
async def test_a_failed_field_needs_no_fallback(case: str, executor: type[CountingExecutor]) -> None:
    refused, document, errors = IN_PLACE[case]
    response, context = await compare(document, lambda: library(refused), executor)
    assert response.count('"message"') == errors, response
    assert context.fallbacks == 0


FALLBACKS = {
    "a refused field in a non-null position": (["blurbs"], "{ books { blurbs { id } } }"),
    "nulls of two batches below one nullable field": ([], "{ bookById(id: 1) { author { a: prizes b: prizes } } }"),
    "a batch that fails because of one parent": ([], "{ shelf { rounded } }"),
    "an awaitable in place of a value": ([], "{ shelf { extra } }"),
}


@pytest.mark.parametrize("case", FALLBACKS)
async def test_a_fallback_is_counted(case: str) -> None:
    refused, document = FALLBACKS[case]

    def context() -> Library:
        async def awaited() -> str:
            return "extra"

        used = library(refused)
        for book in used.books:
            book._values["extra"] = ComputedValue(awaited)
        if "rounded" in document:
            used.books[0]._values["id"] = ComputedValue(raising)
        return used

    _, used = await compare(document, context, CountingExecutor)
    assert used.fallbacks == 1


async def test_rows_with_missing_columns_are_read_again_by_graphql_core() -> None:
    class PartialRows(LibraryLayout):
        def make_record(self, row: Sequence[Any]) -> Any:
            raise TypeError("only some columns were read")

    layout = PartialRows(ReviewRecord, {"id": 0, "stars": 1}, {})
    used = library()
    used.batch_values |= {("reviews", f"b{n}"): Rows(layout, [("r", "no number")]) for n in range(9)}  # type: ignore[operator]
    parsed = parse_valid(core, Request("{ books { reviews { id stars } } }", {}))
    assert parsed is not None
    await response_text(core, parsed, Request("", {}), used, CountingExecutor)
    assert used.fallbacks == 1


async def test_nothing_below_a_refused_field_is_loaded() -> None:
    context = library(["agents"])
    parsed = parse_valid(core, Request("{ books { id author { agent { prizes } } } }", {}))
    assert parsed is not None
    await response_text(core, parsed, Request("", {}), context, CountingExecutor)
    assert (context.batches, context.checks.count("agents"), context.fallbacks) == ([], 1, 0)


async def test_errors_of_fields_that_do_not_wait_are_in_graphql_cores_own_order() -> None:
    parsed = parse_valid(core, Request("{ shelf { id name weight title secret coAuthor { name } } motto }", {}))
    assert parsed is not None
    expected = execute(core, parsed, context_value=library(["secrets"]))
    actual = execute(core, parsed, context_value=library(["secrets"]), executor_class=CountingExecutor)
    results = [result if isinstance(result, ExecutionResult) else await result for result in (expected, actual)]
    expected_errors, actual_errors = ([error.formatted for error in result.errors or ()] for result in results)
    assert len(expected_errors) == 15
    assert actual_errors == expected_errors


async def test_an_error_at_another_path_is_a_complete_error() -> None:
    context = library(["secrets"])
    parsed = parse_valid(core, Request("{ books { secret } }", {}))
    assert parsed is not None
    result: Any = execute(core, parsed, context_value=context, executor_class=CountingExecutor)
    errors = (await result).errors
    first, second = errors[:2]
    assert isinstance(second, GraphQLError)
    assert (second.path, second.locations) == (["books", 1, "secret"], first.locations)
    assert str(second) == str(first)
    assert isinstance(second.original_error, PermissionError)
    assert second.__cause__ is first.__cause__
