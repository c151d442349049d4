"""File descriptors: connections must leave enough of them for the database and for accepting connections."""

import contextlib
import sys
from typing import Final

RESERVED: Final = 64
"""Descriptors for the database pool, the listening socket, pipes and outgoing requests of a process."""
_PER_CONNECTION: Final = 2
"""One for the socket, and one for a file that is sent on it."""


def max_connections(requested: int) -> int:
    """Return how many connections the process may have open: `requested`, or fewer if descriptors are short.

    Raise the soft limit of descriptors (`ulimit -n`) first if necessary, as far as the hard limit allows.
    """
    if sys.platform == "win32":  # it has no such limit
        return requested
    import resource

    needed = requested * _PER_CONNECTION + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_unlimited(soft) or soft >= needed:
        return requested
    with contextlib.suppress(ValueError, OSError):  # on some systems the actual limit is lower than the hard limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if _is_unlimited(hard) else min(needed, hard), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(min(requested, (soft - RESERVED) // _PER_CONNECTION), 1)


def _is_unlimited(limit: int) -> bool:
    import resource

    return limit == resource.RLIM_INFINITY
