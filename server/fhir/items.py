"""What a file holds: resources, entries of Bundles, deletions, and what cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

LONGEST_RESOURCE: Final = 5_000_000
"""The most bytes of one resource: a patient with a photograph, not with a film."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an item cannot be read. `unread`: it stands for the rest of a file."""

    reason: str
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """A Bundle's entry with no resource in it."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A Bundle's entry that deletes a resource.

    Attributes:
        url: Which one, such as Patient/17.
        at: When, as it says; None where it does not.
    """

    url: Any
    at: Any


@dataclass(frozen=True, slots=True)
class Item:
    """One resource of a file, and where it is: in a line, an entry of a Bundle, or an entry of a Bundle in a line."""

    line: int | None
    entry: int | None
    content: Any
    """The resource as parsed JSON; or a Deletion, Empty, or a Fault."""


def resource_items(value: Any, line: int | None, number: int | None) -> Iterator[Item]:
    """Return the item that a parsed resource is, or those of a Bundle's entries."""
    if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
        yield Item(line, number, value)
        return
    entries = value.get("entry")
    if entries is not None and not isinstance(entries, list):
        yield Item(line, number, Fault("entry has the wrong type of value"))
        return
    for position, entry in enumerate(entries or (), start=1):
        yield from entry_items(entry, line, position, last_updated(value))


def entry_items(entry: Any, line: int | None, position: int, bundle_time: Any) -> Iterator[Item]:
    """Return the item that an entry of a Bundle is, or those of the Bundle in it, as batches answer searches.

    Args:
        entry: The entry.
        line: The line of the file.
        position: The number of the entry.
        bundle_time: When the Bundle was made: deletions in it, which say no time, happened before.
    """
    if isinstance(entry, Fault):
        yield Item(line, position, entry)
        return
    if not isinstance(entry, dict):
        yield Item(line, position, Fault("the entry is not a JSON object"))
        return
    request, response = entry.get("request"), entry.get("response")
    if isinstance(request, dict) and request.get("method") == "DELETE":
        at = response.get("lastModified") if isinstance(response, dict) else None
        yield Item(line, position, Deletion(request.get("url"), at or bundle_time))
        return
    for item in resource_items(entry.get("resource", Empty()), line, position):
        yield Item(line, position, item.content)


def last_updated(resource: Any) -> Any:
    """Return what a resource says of when it last changed, None where it says nothing."""
    meta = resource.get("meta") if isinstance(resource, dict) else None
    return meta.get("lastUpdated") if isinstance(meta, dict) else None
