"""The build backend: setuptools, after building the pages of `web/`, which the wheel contains."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

_BUILD_PAGES = Path(__file__).resolve().parent.parent / "web" / "build.py"


def build_sdist(sdist_directory: str | os.PathLike[str], config_settings: Any = None) -> str:
    """Build the source distribution and return its file name."""
    _build_pages()
    return build_meta.build_sdist(sdist_directory, config_settings)


def build_wheel(
    wheel_directory: str | os.PathLike[str],
    config_settings: Any = None,
    metadata_directory: str | os.PathLike[str] | None = None,
) -> str:
    """Build the wheel and return its file name."""
    _build_pages()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def _build_pages() -> None:
    subprocess.run([sys.executable, str(_BUILD_PAGES)], check=True)
