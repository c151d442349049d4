"""How long the long tests are: `make soak` is as long as it says, `make soak SOAK=short` some minutes."""

import os


def soak(long: int, *, short: int) -> int:
    """Gives one of the two numbers, by the variable SOAK (long or short; long where it is not set)."""
    return {"long": long, "short": short}[os.environ.get("SOAK", "long")]
