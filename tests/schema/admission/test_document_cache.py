"""The cache of documents: its bounds, and whom it evicts."""

import pytest

from schema.admission.document_cache import DocumentCache

MAX_DOCUMENTS = 4
MAX_BYTES = 100
HASH = "0" * 64


@pytest.fixture
def cache() -> DocumentCache[str]:
    return DocumentCache(MAX_DOCUMENTS, MAX_BYTES)


def add(cache: DocumentCache[str], text: str, owner: str, size: int = 10) -> None:
    cache.add(text, f"document of {text}", size, owner)


def cached(cache: DocumentCache[str], texts: str, owner: str = "reader") -> str:
    return "".join(text for text in texts if cache.find(text, owner) is not None)


def test_the_least_recently_used_document_is_evicted(cache: DocumentCache[str]) -> None:
    for text in "abcd":
        add(cache, text, "org-1")
    assert cache.find("a", "org-1") == "document of a"
    add(cache, "e", "org-1")
    assert cached(cache, "abcde") == "acde"


def test_a_flood_of_documents_evicts_only_its_own(cache: DocumentCache[str]) -> None:
    add(cache, "a", "org-1")
    add(cache, "b", "org-2", size=40)
    for text in "cdefghij":
        add(cache, text, "flood", size=1)
    assert cached(cache, "abcdefghij") == "abij"


def test_a_flood_of_large_documents_evicts_only_its_own(cache: DocumentCache[str]) -> None:
    for text in "ab":
        add(cache, text, "org-1", size=20)
    for text in "cde":
        add(cache, text, "flood", size=60)
    assert cached(cache, "abcde") == "abe"


def test_a_document_is_charged_to_who_used_it_last(cache: DocumentCache[str]) -> None:
    for text in "ab":
        add(cache, text, "flood")
    assert cache.find("a", "org-1") is not None
    for text in "cdef":
        add(cache, text, "flood")
    assert cached(cache, "abcdef") == "adef"


def test_a_document_larger_than_the_cache_is_not_kept(cache: DocumentCache[str]) -> None:
    add(cache, "a", "org-1", size=MAX_BYTES + 1)
    assert len(cache) == 0
    cache.register_hash("a", HASH)
    assert cache.text_of(HASH) is None


def test_a_hash_is_known_while_its_document_is_cached(cache: DocumentCache[str]) -> None:
    assert cache.text_of(HASH) is None
    add(cache, "a", "org-1")
    cache.register_hash("a", HASH)
    assert cache.text_of(HASH) == "a"
    for text in "bcde":
        add(cache, text, "org-1")
    assert cache.text_of(HASH) is None
