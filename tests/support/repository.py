"""Paths in the checkout."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLE_QUERIES: Final = sorted((ROOT / "web" / "graphiql" / "src" / "examples").glob("*.graphql"))
