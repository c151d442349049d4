"""Incremental reading of JSON documents of any size: a Bundle is read entry by entry, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import ijson

from server.imports.fhir.items import MAX_RESOURCE_BYTES, Item, Unreadable, entry_items, last_updated, resource_items

_MAX_DEPTH: Final = 100
_EVENT_BYTES: Final = 40  # roughly the memory of a number, a name or a bracket
_CHUNK: Final = 16_384
_MAX_STRING_BYTES: Final = 64_000_000
_NOT_JSON: Final = "the rest of the file is not JSON"


@dataclass(slots=True)
class _ValueBuilder:
    """Builds one JSON value from the events of the parser. Discards a value that is too large or too deep."""

    builder: ijson.ObjectBuilder = field(default_factory=ijson.ObjectBuilder)
    depth: int = 0
    size: int = 0
    error: str | None = None

    def add(self, event: str, value: Any) -> bool:
        """Add an event of the parser. Return whether the value is complete."""
        if event.startswith("start"):
            self.depth += 1
        elif event.startswith("end"):
            self.depth -= 1
        self.size += _EVENT_BYTES + (len(value) if isinstance(value, str) else 0)
        if self.error is None:
            self._build(event, value)
        return self.depth == 0 and event != "map_key"

    def _build(self, event: str, value: Any) -> None:
        if self.size > MAX_RESOURCE_BYTES:
            self.error = f"the resource is longer than {MAX_RESOURCE_BYTES:,} bytes"
        elif self.depth > _MAX_DEPTH:
            self.error = f"the resource is nested deeper than {_MAX_DEPTH} levels"
        else:
            self.builder.event(event, value)
            return
        self.builder = ijson.ObjectBuilder()

    def result(self) -> Any:
        """Return the value, or an Unreadable."""
        return self.builder.value if self.error is None else Unreadable(self.error)


class DocumentReader:
    """Reads a sequence of resources and Bundles from JSON text that arrives in pieces."""

    def __init__(self, line: int | None = None) -> None:
        """Start reading.

        Args:
            line: The line number, if the text is a single line of a file.
        """
        self._line = line
        self._events = ijson.sendable_list()
        self._parser = ijson.basic_parse_coro(self._events, use_float=True, multiple_values=True)
        self._ended = False
        self._bytes_without_event = 0
        self._number = 0
        self._outer: _ValueBuilder | None = None
        self._key: str | None = None
        self._in_entries = False
        self._entry: _ValueBuilder | None = None

    def feed(self, piece: bytes) -> Iterator[Item]:
        """Yield the items that are complete after this piece."""
        # In small chunks, because the parser's events take many times the memory of the text.
        for start in range(0, len(piece), _CHUNK):
            if not self._ended:
                yield from self._feed_chunk(piece[start : start + _CHUNK])

    def _feed_chunk(self, chunk: bytes) -> Iterator[Item]:
        error = self._parse(chunk)
        self._bytes_without_event = 0 if self._events else self._bytes_without_event + len(chunk)
        yield from self._process_events()
        if self._bytes_without_event > _MAX_STRING_BYTES:
            error = f"the rest of the file starts with a string longer than {_MAX_STRING_BYTES:,} bytes"
        if error:
            self._ended = True
            yield self._unreadable_rest(error)

    def close(self) -> Iterator[Item]:
        """Yield the last items. Text that ends within a value yields an Unreadable."""
        if self._ended:
            return
        error = self._parse(b"")
        yield from self._process_events()
        if error or self._outer is not None:
            yield self._unreadable_rest("the file ends in the middle of a resource")

    def _parse(self, chunk: bytes) -> str | None:
        try:
            if chunk:
                self._parser.send(chunk)
            else:
                self._parser.close()
        except (ijson.JSONError, ValueError, UnicodeDecodeError, StopIteration):
            return _NOT_JSON
        return None

    def _process_events(self) -> Iterator[Item]:
        for event, value in self._events:
            yield from self._process(event, value)
        self._events.clear()

    def _process(self, event: str, value: Any) -> Iterator[Item]:
        if self._in_entries:
            yield from self._process_in_entries(event, value)
            return
        if self._outer is None:
            self._outer = _ValueBuilder()
        elif self._outer.depth == 1:
            if event == "map_key":
                self._key = value
            elif event == "start_array" and self._key == "entry":
                # The entries are read one by one. In the Bundle itself, null takes the place of the list.
                self._in_entries = True
                event, value = "null", None
        if self._outer.add(event, value):
            result, self._outer, self._key = self._outer.result(), None, None
            for item in resource_items(result, self._line, self._number + 1):
                self._number += 1
                yield item

    def _process_in_entries(self, event: str, value: Any) -> Iterator[Item]:
        if self._entry is None:
            if event == "end_array":
                self._in_entries = False
                return
            self._entry = _ValueBuilder()
        if self._entry.add(event, value):
            result, self._entry = self._entry.result(), None
            self._number += 1
            # The Bundle is incomplete at this point, but its meta usually comes before the entries.
            bundle_time = last_updated(self._outer.builder.value) if self._outer and not self._outer.error else None
            yield from entry_items(result, self._line, self._number, bundle_time)

    def _unreadable_rest(self, reason: str) -> Item:
        return Item(self._line, self._number + 1, Unreadable(reason))
