"""The field of a mutation that is being answered, as far as what changes something has to know it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _nobody(_decided: Any) -> frozenset[str]:
    return frozenset()


def _nothing() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Answering:
    """A root field of a mutation, while it is answered.

    Attributes:
        name: Its response name; unique in the request.
        patients: Gives, of what the use case has decided, whose enrollments the answer tells.
        reads_on: Tells whether the request may yet read others' records, once this change is stored.
    """

    name: str = ""
    patients: Callable[[Any], frozenset[str]] = _nobody
    reads_on: Callable[[], bool] = _nothing
