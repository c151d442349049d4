"""The wheel works in a new environment, also if other packages have the names of its modules."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.repository import ROOT

pytestmark = pytest.mark.timeout(300)  # it builds the wheel and installs all dependencies


def _run(*command: str | Path, cwd: Path) -> str:
    completed = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, timeout=240)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout through its source distribution."""
    checkout = tmp_path_factory.mktemp("source") / "checkout"
    listed = _run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    shutil.copytree(ROOT / "web" / "dist", checkout / "web" / "dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", checkout.parent / "dist", checkout, cwd=checkout)
    [built] = (checkout.parent / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and with PyPI's package `schema` installed after it."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", folder, cwd=folder)
    pins = re.sub(r" *\\\n *--hash=\S+", "", (ROOT / "requirements.lock").read_text())
    (folder / "constraints.txt").write_text(pins)
    pip: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--quiet",
    ]
    _run(*pip, "--constraint", folder / "constraints.txt", wheel, cwd=folder)
    _run(*pip, "schema", cwd=folder)
    return folder


@pytest.fixture
def demo(environment: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the demo clinic, served from the environment by two workers."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    command = [str(environment / "bin" / "group-sessions"), "serve", "--demo", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            lines = [server.stdout.readline() for _ in range(2)]
            match = re.search(r"(http://\S+)/#token=(\S+)", lines[1])
            assert match is not None, lines
            yield f"{match[1]} {match[2]}"
        finally:
            server.terminate()
            server.wait(30)


def test_the_demo_is_served_from_an_installed_wheel(demo: str) -> None:
    address, token = demo.split()
    with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=20), timeout=30) as client:
        response = client.post(
            "/graphql",
            json={"query": "{ groupDefinitions { totalCount } }"},
            headers={"Authorization": f"Bearer {token}"},
        )
        pages = [client.get(path) for path in ("/", "/graphiql")]
    assert response.json()["data"]["groupDefinitions"]["totalCount"] > 0
    assert [page.status_code for page in pages] == [200, 200]
    assert all("<script" in page.text for page in pages)


def test_no_other_distribution_is_overwritten(environment: Path) -> None:
    imported = "import schema; print(schema.Schema({'a': int}).validate({'a': 1}))"
    assert _run(environment / "bin" / "python", "-c", imported, cwd=environment).strip() == "{'a': 1}"
    _run(environment / "bin" / "group-sessions", "export-schema", cwd=environment)


def test_the_wheel_installs_one_top_level_package(wheel: Path, environment: Path) -> None:
    tops = (
        "import importlib.metadata as m; print({f.parts[0] for f in m.files('group-sessions') if f.parts[0] != '..'})"
    )
    printed = _run(environment / "bin" / "python", "-c", tops, cwd=environment)
    release = wheel.name.removesuffix("-py3-none-any.whl")
    assert set(re.findall(r"'([^']+)'", printed)) == {"group_sessions", f"{release}.dist-info"}
