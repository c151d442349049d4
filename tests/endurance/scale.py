"""The length of the soak tests: `make soak` takes hours, `make soak SOAK=short` some minutes."""

import os


def soak(long: int, *, short: int) -> int:
    """Return one of the two numbers, by the variable SOAK (long or short; by default long)."""
    return {"long": long, "short": short}[os.environ.get("SOAK", "long")]
