"""The values that options of the command line accept."""

import argparse
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

_SECONDS_PER_UNIT: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_DURATION: Final = timedelta(days=3660)


def identifier(max_length: int) -> Callable[[str], str]:
    """Return the parser of a text of 1 to `max_length` characters."""

    def text(value: str) -> str:
        if not value.strip() or len(value) > max_length:
            raise argparse.ArgumentTypeError(f"must be text of 1 to {max_length} characters")
        return value

    return text


def uuid(value: str) -> UUID:
    """Return the id of a token."""
    try:
        return UUID(value)
    except ValueError:
        raise argparse.ArgumentTypeError("must be the id of a token") from None


def port(value: str) -> int:
    """Return the number of a port."""
    if not re.fullmatch(r"[0-9]{1,5}", value) or int(value) > 65535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return int(value)


def workers(value: str) -> int:
    """Return the number of worker processes."""
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= 256:
        raise argparse.ArgumentTypeError("must be between 1 and 256")
    return int(value)


def count(value: str) -> int:
    """Return a number of records."""
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise argparse.ArgumentTypeError("must be a number of records, such as 12")
    return int(value)


def duration(value: str) -> timedelta:
    """Return a duration, such as that of 30m, 8h or 7d."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", value)
    seconds = int(match.group(1)) * _SECONDS_PER_UNIT[match.group(2)] if match else 0
    if not 0 < seconds <= _MAX_DURATION.total_seconds():
        raise argparse.ArgumentTypeError(
            "must be seconds, or a number with a unit such as 30m, 8h or 7d, of at most ten years"
        )
    return timedelta(seconds=seconds)
