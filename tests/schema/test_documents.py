"""Documents are parsed and validated once for each text, and kept within bounds."""

import pytest
from graphql import GraphQLSyntaxError

from schema import documents as module
from schema.documents import Documents, InvalidDocument
from schema.execute import graphql_schema
from schema.limits import DEFAULT_LIMITS
from schema.schema import schema


@pytest.fixture
def documents() -> Documents:
    return Documents(graphql_schema(schema), DEFAULT_LIMITS)


def test_a_text_is_read_once(documents: Documents) -> None:
    assert documents.read("{ viewer { id } }") is documents.read("{ viewer { id } }")
    assert documents.read("{ viewer { id } }") is not documents.read("{ viewer { id }  }")


def test_operations_are_found_by_name_or_alone(documents: Documents) -> None:
    two = documents.read("query A { viewer { id } } query B { viewer { id } }")
    assert two.operation(None) is None
    assert two.operation("C") is None
    assert [operation.name for operation in two.operations] == ["A", "B"]
    assert two.operation("B") is two.operations[1]
    one = documents.read("{ viewer { id } }")
    assert one.operation(None) is one.operations[0]
    assert one.operation("A") is one.operation("") is None


def test_what_cannot_be_executed_is_not_kept(documents: Documents) -> None:
    for _ in range(2):
        with pytest.raises(GraphQLSyntaxError):
            documents.read("{ viewer")
        with pytest.raises(InvalidDocument):
            documents.read("{ nothing }")
    assert not documents._kept


def test_the_documents_asked_for_last_are_kept(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_DOCUMENTS", 3)
    texts = [f"{{ viewer {{ id }} }} # {number}" for number in range(4)]
    first = documents.read(texts[0])
    second = documents.read(texts[1])
    documents.read(texts[2])
    assert documents.read(texts[0]) is first
    documents.read(texts[3])
    assert documents.read(texts[0]) is first
    assert documents.read(texts[1]) is not second
    assert len(documents._kept) == 3


def test_many_large_documents_are_kept_within_a_bound_of_tokens(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT_TOKENS", 100)
    for number in range(50):
        documents.read(f"{{ viewer {{ id }} }} # {number}")
        assert documents._kept_tokens == sum(kept.node.token_count for kept in documents._kept.values()) <= 100
    assert len(documents._kept) == 100 // documents.read("{ viewer { id } } # 49").node.token_count
