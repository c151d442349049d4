"""The cache of valid documents. No organization can use it up for the others."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Cached = TypeVar("Cached")


@dataclass(slots=True)
class _Entry(Generic[Cached]):
    document: Cached
    size: int
    owner: str
    sha256: str | None = None


@dataclass(slots=True)
class _Share:
    """The documents that one organization is charged for: texts, least recently used first, and their size in bytes."""

    texts: OrderedDict[str, None] = field(default_factory=OrderedDict)
    size: int = 0


class DocumentCache(Generic[Cached]):
    """Documents by their text and, once it is registered, by the SHA-256 hash of their text.

    A document is charged to the organization that used it last. If the cache is full, it evicts the least recently used
    document of the organization with the largest share.
    """

    def __init__(self, max_documents: int, max_bytes: int) -> None:
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._entries: dict[str, _Entry[Cached]] = {}
        self._text_by_hash: dict[str, str] = {}
        self._shares: dict[str, _Share] = {}
        self._size = 0

    def __len__(self) -> int:
        """Return how many documents are cached."""
        return len(self._entries)

    def find(self, text: str, owner: str) -> Cached | None:
        """Return the document with this text, and charge it to the owner. Return None if it is not cached."""
        entry = self._entries.get(text)
        if entry is None:
            return None
        if entry.owner == owner:
            self._shares[owner].texts.move_to_end(text)
        else:
            self._release(text, entry)
            self._charge(text, entry, owner)
        return entry.document

    def add(self, text: str, document: Cached, size: int, owner: str) -> None:
        """Cache a document of `size` bytes, and evict documents until the cache is within its bounds."""
        entry = _Entry(document, size, owner)
        self._entries[text] = entry
        self._charge(text, entry, owner)
        while len(self._entries) > self._max_documents or self._size > self._max_bytes:
            self._evict_one()

    def register_hash(self, text: str, sha256: str) -> None:
        """Let a cached document be found by the hash of its text for as long as it is cached."""
        entry = self._entries.get(text)
        if entry is not None:
            entry.sha256 = sha256
            self._text_by_hash[sha256] = text

    def text_of(self, sha256: str) -> str | None:
        """Return the text of the document with this hash, or None if it is not registered or was evicted."""
        return self._text_by_hash.get(sha256)

    def _charge(self, text: str, entry: _Entry[Cached], owner: str) -> None:
        share = self._shares.setdefault(owner, _Share())
        share.texts[text] = None
        share.size += entry.size
        self._size += entry.size
        entry.owner = owner

    def _release(self, text: str, entry: _Entry[Cached]) -> None:
        share = self._shares[entry.owner]
        del share.texts[text]
        share.size -= entry.size
        self._size -= entry.size
        if not share.texts:
            del self._shares[entry.owner]

    def _evict_one(self) -> None:
        # Compare the shares by the exceeded bound. Otherwise many small documents could evict a few large ones.
        too_many = len(self._entries) > self._max_documents
        share = max(self._shares.values(), key=lambda share: len(share.texts) if too_many else share.size)
        text = next(iter(share.texts))
        entry = self._entries.pop(text)
        self._release(text, entry)
        if entry.sha256 is not None:
            del self._text_by_hash[entry.sha256]
