"""Fields that fail in place: the marker that stands for their value until the errors of the response are created."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql.language import FieldNode

ResponsePath = tuple[str | int, ...]


class FieldFailure(NamedTuple):
    """An exception of one field.

    Attributes:
        path: The field's place below the value that becomes null.
        exception: The exception.
        nodes: The field's occurrences in the document.
    """

    path: ResponsePath
    exception: Exception
    nodes: list[FieldNode]

    def below(self, key: str | int) -> "FieldFailure":
        """Return the failure as seen from the parent, in which the value has this name or index."""
        return FieldFailure((key, *self.path), self.exception, self.nodes)


@dataclass(slots=True, eq=False)
class Failed:
    """Stands for a value that could not be completed.

    Attributes:
        failures: The field's own failure; or those of the fields below it up to the one whose null propagates here.
    """

    failures: Sequence[FieldFailure]


class NullPropagation(Exception):
    """A value failed in a non-null position, so its parent fails too."""

    def __init__(self, failures: Sequence[FieldFailure]) -> None:
        self.failures = failures


def failures_below(value: Any) -> Iterable[FieldFailure]:
    """Return the failures in a completed value, in the order of the response."""
    if type(value) is Failed:
        yield from value.failures
    elif type(value) is dict or type(value) is list:
        for key, item in value.items() if type(value) is dict else enumerate(value):
            for failure in failures_below(item):
                yield failure.below(key)
