"""The items of a file: resources, entries of Bundles, deletions, and parts that cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_RESOURCE_BYTES: Final = 5_000_000
"""Enough for a patient with a photograph."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item, or the rest of a file, that cannot be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Empty:
    """A Bundle entry without a resource."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A Bundle entry that deletes a resource.

    Attributes:
        url: The URL of the resource, such as Patient/17.
        at: The time of the deletion; None if it is not stated.
    """

    url: Any
    at: Any


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a file, with its position.

    Attributes:
        line: The number of the line; None in a document of several lines.
        entry: The number of the Bundle entry; None outside of a Bundle.
        content: The resource as parsed JSON, or a Deletion, Empty or Unreadable.
    """

    line: int | None
    entry: int | None
    content: Any


def resource_items(value: Any, line: int | None, number: int | None) -> Iterator[Item]:
    """Yield the item of a parsed resource, or the items of a Bundle."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        yield Item(line, number, value)
        return
    entries = value.get("entry")
    if entries is not None and not isinstance(entries, list):
        yield Item(line, number, Unreadable("entry has the wrong type"))
        return
    for position, entry in enumerate(entries or (), start=1):
        yield from entry_items(entry, line, position, last_updated(value))


def entry_items(entry: Any, line: int | None, position: int, bundle_time: Any) -> Iterator[Item]:
    """Yield the item of a Bundle entry, or the items of a Bundle in it (as in the responses to a batch of searches).

    Args:
        entry: The entry.
        line: The number of the line.
        position: The number of the entry.
        bundle_time: The time of the Bundle, used for deletions that state no time.
    """
    if isinstance(entry, Unreadable):
        yield Item(line, position, entry)
        return
    if not isinstance(entry, dict):
        yield Item(line, position, Unreadable("the entry is not a JSON object"))
        return
    request, response = entry.get("request"), entry.get("response")
    if isinstance(request, dict) and request.get("method") == "DELETE":
        at = response.get("lastModified") if isinstance(response, dict) else None
        yield Item(line, position, Deletion(request.get("url"), at or bundle_time))
        return
    for item in resource_items(entry.get("resource", Empty()), line, position):
        yield Item(line, position, item.content)


def last_updated(resource: Any) -> Any:
    """Return `meta.lastUpdated` of a resource, or None if it is missing."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    return meta.get("lastUpdated") if isinstance(meta, dict) else None
