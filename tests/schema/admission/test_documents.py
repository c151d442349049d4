"""Documents are parsed and validated once for each text, and cached in bounded memory."""

import asyncio
import tracemalloc
from dataclasses import replace

import pytest
from graphql import GraphQLSyntaxError

from schema.admission import documents as module
from schema.admission.documents import Documents, InvalidDocument
from schema.admission.limits import DEFAULT_LIMITS
from schema.execute import graphql_schema
from schema.schema import schema
from tests.support.api_client import ORGANIZATION

pytestmark = pytest.mark.anyio


@pytest.fixture
def documents() -> Documents:
    return Documents(graphql_schema(schema), DEFAULT_LIMITS)


async def test_a_text_is_read_once(documents: Documents) -> None:
    assert await documents.read("{ viewer { id } }", ORGANIZATION) is await documents.read(
        "{ viewer { id } }", ORGANIZATION
    )
    assert await documents.read("{ viewer { id } }", ORGANIZATION) is not await documents.read(
        "{ viewer { id }  }", ORGANIZATION
    )


async def test_an_operation_is_selected_by_name_or_as_the_only_one(documents: Documents) -> None:
    two = await documents.read("query A { viewer { id } } query B { viewer { id } }", ORGANIZATION)
    assert two.operation(None) is None
    assert two.operation("C") is None
    assert [operation.name for operation in two.operations] == ["A", "B"]
    assert two.operation("B") is two.operations[1]
    one = await documents.read("{ viewer { id } }", ORGANIZATION)
    assert one.operation(None) is one.operations[0]
    assert one.operation("A") is one.operation("") is None


async def test_an_invalid_document_is_not_cached(documents: Documents) -> None:
    for _ in range(2):
        with pytest.raises(GraphQLSyntaxError):
            await documents.read("{ viewer", ORGANIZATION)
        with pytest.raises(InvalidDocument):
            await documents.read("{ nothing }", ORGANIZATION)
    assert len(documents._cache) == 0


async def test_the_documents_used_last_are_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_DOCUMENTS", 3)
    documents = Documents(graphql_schema(schema), DEFAULT_LIMITS)
    texts = [f"{{ viewer {{ id }} }} # {number}" for number in range(4)]
    first = await documents.read(texts[0], ORGANIZATION)
    second = await documents.read(texts[1], ORGANIZATION)
    await documents.read(texts[2], ORGANIZATION)
    assert await documents.read(texts[0], ORGANIZATION) is first
    await documents.read(texts[3], ORGANIZATION)
    assert await documents.read(texts[0], ORGANIZATION) is first
    assert await documents.read(texts[1], ORGANIZATION) is not second
    assert len(documents._cache) == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("{ viewer { id } }" + " " * 90_000, 40),
        ("{ viewer { id } } # " + "x" * 90_000, 40),
        ("{ viewer { id } } # \N{GRINNING FACE}" + "x" * 90_000, 40),
        ('{ node(id: "\N{GRINNING FACE}' + "x" * 90_000 + '") { id } }', 40),
        ("{ viewer { id } }" + " #\n" * 3_900, 4),
        ("{ groupDefinitions(filter: {groupType: [" + "IOP " * 3_900 + "]}) { totalCount } }", 4),
    ],
    ids=["spaces", "comment", "wide comment", "wide string", "comments", "values"],
)
async def test_large_documents_are_cached_in_bounded_memory(text: str, count: int) -> None:
    max_bytes = 5_000_000
    documents = Documents(graphql_schema(schema), replace(DEFAULT_LIMITS, cache_bytes=2 * max_bytes))
    tracemalloc.start()  # without a garbage collection: evicted documents must be freed at once
    try:
        for number in range(count):
            await documents.read(f"{text} # {number}", ORGANIZATION)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 < len(documents._cache) < count
    # Some garbage of the parser is not collected yet. All wide strings would take 30 MB.
    assert size < max_bytes * 3


async def test_concurrent_requests_read_a_document_once(documents: Documents) -> None:
    results = await asyncio.gather(*(documents.read("{ viewer { id } }", ORGANIZATION) for _ in range(5)))
    assert len({id(document) for document in results}) == 1
    assert len(documents._cache) == 1


async def test_a_cancelled_request_does_not_block_other_requests(documents: Documents) -> None:
    first, second = (asyncio.create_task(documents.read("{ viewer { id } }", ORGANIZATION)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).operations
    assert first.cancelled()


async def test_other_tasks_run_between_parsing_and_validating(documents: Documents) -> None:
    runs = 0

    async def other_task() -> None:
        nonlocal runs
        while not reading.done():
            runs += 1
            await asyncio.sleep(0)

    reading = asyncio.create_task(documents.read("{ viewer { id } }", ORGANIZATION))
    await asyncio.gather(reading, other_task())
    assert runs >= 2
