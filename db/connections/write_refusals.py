"""What the database last refused a change for, such as a full disk: reading goes on then, and shows nothing of it."""

import time
from collections.abc import Callable
from typing import Final

from db.connections.faults import REFUSALS, FaultKind

REMEMBERED_SECONDS: Final = 30.0
"""How long a refusal counts. Nobody may try another change meanwhile: a server that is not ready gets no requests."""


class WriteRefusals:
    """Remembers, for one process, whether the database takes changes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock in seconds."""
        self._clock = clock
        self._kind: FaultKind | None = None
        self._until = 0.0

    def note(self, kind: FaultKind | None) -> None:
        """Note how a change ended: None if it was stored. Faults of other kinds say nothing of the next change."""
        if kind is None:
            self._kind = None
        elif kind in REFUSALS:
            self._kind, self._until = kind, self._clock() + REMEMBERED_SECONDS

    def recent(self) -> FaultKind | None:
        """Return what the last change was refused for, unless that was long ago."""
        return self._kind if self._clock() < self._until else None
