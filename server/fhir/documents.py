"""JSON documents of any size: the entries of a Bundle one at a time, without holding the Bundle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import ijson  # type: ignore[import-untyped]  # it ships no types

from server.fhir.items import LONGEST_RESOURCE, Fault, Item, entry_items, last_updated, resource_items

_DEEPEST: Final = 100
_EVENT_BYTES: Final = 40  # about what a number, a name or a bracket takes in memory
_STEP: Final = 16_384
_LONGEST_TEXT: Final = 64_000_000
_NOT_JSON: Final = "from here on the file is not JSON"


@dataclass(slots=True)
class _Value:
    """One JSON value under construction. One that is too large or too deep is read over, and not kept."""

    builder: ijson.ObjectBuilder = field(default_factory=ijson.ObjectBuilder)
    depth: int = 0
    size: int = 0
    fault: str | None = None

    def add(self, event: str, value: Any) -> bool:
        """Add an event of the parser, and return whether the value is complete."""
        if event.startswith("start"):
            self.depth += 1
        elif event.startswith("end"):
            self.depth -= 1
        self.size += _EVENT_BYTES + (len(value) if isinstance(value, str) else 0)
        if self.fault is None:
            self._keep(event, value)
        return self.depth == 0 and event != "map_key"

    def _keep(self, event: str, value: Any) -> None:
        if self.size > LONGEST_RESOURCE:
            self.fault = f"the resource is longer than {LONGEST_RESOURCE:,} bytes"
        elif self.depth > _DEEPEST:
            self.fault = f"the resource is nested deeper than {_DEEPEST} levels"
        else:
            self.builder.event(event, value)
            return
        self.builder = ijson.ObjectBuilder()

    def result(self) -> Any:
        """Return the value, or the fault."""
        return self.builder.value if self.fault is None else Fault(self.fault)


class DocumentReader:
    """Reads pieces of JSON text with any number of resources, one after another, Bundles among them."""

    def __init__(self, line: int | None = None) -> None:
        """Start reading.

        Args:
            line: The line that the text is, where it is one line of a file.
        """
        self._line = line
        self._events = ijson.sendable_list()
        self._parser = ijson.basic_parse_coro(self._events, use_float=True, multiple_values=True)
        self._ended = False
        self._silent = 0
        self._number = 0
        self._outer: _Value | None = None
        self._key: str | None = None
        self._in_entries = False
        self._entry: _Value | None = None

    def feed(self, piece: bytes) -> Iterator[Item]:
        """Return the items that are complete with this piece."""
        # In small steps, for the parser's events take many times the memory of the text.
        for start in range(0, len(piece), _STEP):
            if not self._ended:
                yield from self._feed(piece[start : start + _STEP])

    def _feed(self, piece: bytes) -> Iterator[Item]:
        failure = self._parse(piece)
        self._silent = 0 if self._events else self._silent + len(piece)
        yield from self._take_events()
        if self._silent > _LONGEST_TEXT:
            failure = f"from here on the file is one text longer than {_LONGEST_TEXT:,} bytes"
        if failure:
            self._ended = True
            yield self._item(Fault(failure, unread=True))

    def close(self) -> Iterator[Item]:
        """Return the last items. Text that ends in the middle of a value has a fault."""
        if self._ended:
            return
        failure = self._parse(b"")
        yield from self._take_events()
        if failure or self._outer is not None:
            yield self._item(Fault("the file ends in the middle of a resource", unread=True))

    def _parse(self, piece: bytes) -> str | None:
        try:
            if piece:
                self._parser.send(piece)
            else:
                self._parser.close()
        except (ijson.JSONError, ValueError, UnicodeDecodeError, StopIteration):
            return _NOT_JSON
        return None

    def _take_events(self) -> Iterator[Item]:
        for event, value in self._events:
            yield from self._take(event, value)
        self._events.clear()

    def _take(self, event: str, value: Any) -> Iterator[Item]:
        if self._in_entries:
            yield from self._take_entry(event, value)
            return
        if self._outer is None:
            self._outer = _Value()
        elif self._outer.depth == 1:
            if event == "map_key":
                self._key = value
            elif event == "start_array" and self._key == "entry":
                # The entries are read one at a time, in place of the list.
                self._in_entries = True
                event, value = "null", None
        if self._outer.add(event, value):
            result, self._outer, self._key = self._outer.result(), None, None
            for item in resource_items(result, self._line, self._number + 1):
                self._number += 1
                yield item

    def _take_entry(self, event: str, value: Any) -> Iterator[Item]:
        if self._entry is None:
            if event == "end_array":
                self._in_entries = False
                return
            self._entry = _Value()
        if self._entry.add(event, value):
            result, self._entry = self._entry.result(), None
            self._number += 1
            # As far as the Bundle was read; its meta comes before the entries.
            bundle_time = last_updated(self._outer.builder.value) if self._outer and not self._outer.fault else None
            yield from entry_items(result, self._line, self._number, bundle_time)

    def _item(self, fault: Fault) -> Item:
        return Item(self._line, self._number + 1, fault)
