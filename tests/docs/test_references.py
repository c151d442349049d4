"""What the documentation names exists: files, sections of pages, and targets of the Makefile."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.repository import ROOT

PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "executor" / "README.md", ROOT / "deploy" / "README.md"]
)
FOLDERS = (
    "benchmarks",
    "db",
    "deploy",
    "distribution",
    "docs",
    "domain",
    "executor",
    "resolvers",
    "schema",
    "server",
    "tests",
    "web",
)

_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
_PATH = re.compile(rf"(?<![\w/.-])(?:(?:{'|'.join(FOLDERS)})/[\w./-]*\w/?|test_\w+\.py)")
_MAKE = re.compile(r"(?<=`make )[a-z]+|(?<=^make )[a-z]+", re.MULTILINE)


@pytest.fixture(scope="module")
def repository_paths() -> set[str]:
    """The paths of all files of the repository and of their folders, and the names of the tests' files."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    folders = {str(folder) for file in files for folder in Path(file).parents}
    return {*files, *folders, *(Path(file).name for file in files if file.startswith("tests/"))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_files_that_exist(page: Path, repository_paths: set[str]) -> None:
    # Links are checked below, relative to the page. URLs hold paths of other sites.
    text = re.sub(r"\w+://\S+", "", _LINK.sub("", page.read_text()))
    assert {path.rstrip("/") for path in _PATH.findall(text)} <= repository_paths


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_relative_link_leads_to_a_file_and_a_section_that_exist(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, section = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not section or section in sections_of(target), link


def test_the_pages_name_only_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for page in PAGES for target in _MAKE.findall(page.read_text())}
    assert {"serve", "test"} <= named <= targets


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {f"docs/{page.name}" for page in ROOT.glob("docs/*.md")} <= set(_LINK.findall(readme))


def sections_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
