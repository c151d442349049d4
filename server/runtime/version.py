"""The version of this program."""

from importlib.metadata import version
from typing import Final

PACKAGE: Final = "group-sessions"


def program_version() -> str:
    """Return the installed version."""
    return version(PACKAGE)
