"""Remembers why the database last refused a write, such as a full disk. Reads still succeed then and do not show it."""

import time
from collections.abc import Callable
from typing import Final

from db.connections.faults import REFUSALS, FaultKind

REMEMBERED_SECONDS: Final = 30.0
"""How long a refusal counts. It has to expire: a server that is not ready gets no requests that could clear it."""


class WriteRefusals:
    """Whether the database accepts writes, as far as this process knows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Use a clock that returns seconds."""
        self._clock = clock
        self._kind: FaultKind | None = None
        self._until = 0.0

    def note(self, kind: FaultKind | None) -> None:
        """Record how a write ended: None if it was stored. Other kinds of faults say nothing about the next write."""
        if kind is None:
            self._kind = None
        elif kind in REFUSALS:
            self._kind, self._until = kind, self._clock() + REMEMBERED_SECONDS

    def recent(self) -> FaultKind | None:
        """Return why the last write was refused, or None if it was stored or the refusal has expired."""
        return self._kind if self._clock() < self._until else None
