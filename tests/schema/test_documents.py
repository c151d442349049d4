"""Documents are parsed and validated once for each text, and kept within bounds."""

import asyncio

import pytest
from graphql import GraphQLSyntaxError

from schema import documents as module
from schema.documents import Documents, InvalidDocument
from schema.execute import graphql_schema
from schema.limits import DEFAULT_LIMITS
from schema.schema import schema

pytestmark = pytest.mark.anyio


@pytest.fixture
def documents() -> Documents:
    return Documents(graphql_schema(schema), DEFAULT_LIMITS)


async def test_a_text_is_read_once(documents: Documents) -> None:
    assert await documents.read("{ viewer { id } }") is await documents.read("{ viewer { id } }")
    assert await documents.read("{ viewer { id } }") is not await documents.read("{ viewer { id }  }")


async def test_operations_are_found_by_name_or_alone(documents: Documents) -> None:
    two = await documents.read("query A { viewer { id } } query B { viewer { id } }")
    assert two.operation(None) is None
    assert two.operation("C") is None
    assert [operation.name for operation in two.operations] == ["A", "B"]
    assert two.operation("B") is two.operations[1]
    one = await documents.read("{ viewer { id } }")
    assert one.operation(None) is one.operations[0]
    assert one.operation("A") is one.operation("") is None


async def test_what_cannot_be_executed_is_not_kept(documents: Documents) -> None:
    for _ in range(2):
        with pytest.raises(GraphQLSyntaxError):
            await documents.read("{ viewer")
        with pytest.raises(InvalidDocument):
            await documents.read("{ nothing }")
    assert not documents._kept


async def test_the_documents_asked_for_last_are_kept(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_DOCUMENTS", 3)
    texts = [f"{{ viewer {{ id }} }} # {number}" for number in range(4)]
    first = await documents.read(texts[0])
    second = await documents.read(texts[1])
    await documents.read(texts[2])
    assert await documents.read(texts[0]) is first
    await documents.read(texts[3])
    assert await documents.read(texts[0]) is first
    assert await documents.read(texts[1]) is not second
    assert len(documents._kept) == 3


async def test_many_large_documents_are_kept_within_a_bound_of_tokens(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT_TOKENS", 100)
    for number in range(50):
        await documents.read(f"{{ viewer {{ id }} }} # {number}")
        assert documents._kept_tokens == sum(kept.node.token_count for kept in documents._kept.values()) <= 100
    assert len(documents._kept) == 100 // (await documents.read("{ viewer { id } } # 49")).node.token_count


async def test_requests_that_send_the_same_at_the_same_time_leave_one_document(documents: Documents) -> None:
    text = "{ viewer { id } }"
    both = await asyncio.gather(documents.read(text), documents.read(text))
    assert documents._kept_tokens == both[0].node.token_count
    assert await documents.read(text) in both


async def test_between_reading_a_document_and_running_it_others_have_their_turn(documents: Documents) -> None:
    done: list[str] = []

    async def read(text: str) -> None:
        await documents.read(text)
        done.append(text)

    await asyncio.gather(read("{ viewer { id } }"), read("{ staffMembers { nodes { id } } }"), _note(done, "other"))
    assert done[0] == "other"


async def _note(done: list[str], what: str) -> None:
    done.append(what)
