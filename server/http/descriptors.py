"""File descriptors: connections may not use up those that the database and accepting new connections need."""

import contextlib
import sys
from typing import Final

RESERVED: Final = 64
"""Descriptors of a process for all but connections: its database pool, listening socket, pipes, outgoing requests."""
_PER_CONNECTION: Final = 2
"""Its socket, and a file that is sent on it."""


def connections_allowed(wanted: int) -> int:
    """Return how many connections the process may have open, at most as many as are wanted.

    The soft limit of descriptors (`ulimit -n`) is raised first, as far as it must and the hard limit allows.
    """
    if sys.platform == "win32":  # which has no such limit
        return wanted
    import resource

    needed = wanted * _PER_CONNECTION + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _unlimited(soft) or soft >= needed:
        return wanted
    with contextlib.suppress(ValueError, OSError):  # some systems have a lower limit than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if _unlimited(hard) else min(needed, hard), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(min(wanted, (soft - RESERVED) // _PER_CONNECTION), 1)


def _unlimited(limit: int) -> bool:
    import resource

    return limit == resource.RLIM_INFINITY
