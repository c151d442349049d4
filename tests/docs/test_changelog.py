"""The changelog and the package name the same version."""

import re
import tomllib

from tests.support.repository import ROOT


def test_the_version_of_the_package_is_the_first_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    heading = re.search(r"^## (\S+) \((.+)\)$", changelog, re.MULTILINE)
    assert heading is not None
    released = heading[2] != "unreleased"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == (heading[1] if released else f"{heading[1]}.dev0")
