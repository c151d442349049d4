"""Each file in deploy/ passes the linter or parser of the program that reads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import (
    COMPOSE,
    DEPLOY,
    DOCKERFILES,
    HAPROXY,
    MANIFESTS,
    MONITORING,
    PATRONI,
    POOLER,
    SCRIPTS,
    UNITS,
    name_of,
)
from tests.support.postgres_programs import programs
from tests.support.proxies import HAPROXY as HAPROXY_PROGRAM
from tests.support.proxies import haproxy_variables, needs_haproxy

SYSTEMD_ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd-analyze is not installed (Debian: systemd)")


def run(*command: str | Path, **environment: str) -> str:
    """Run a linter, and return its output. It must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment or None, timeout=60)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def installed(name: str) -> Path:
    """Return a program of the tests' own environment."""
    return Path(sys.executable).with_name(name)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=name_of)
def test_a_dockerfile_passes_hadolint(dockerfile: Path) -> None:
    assert run(installed("hadolint"), dockerfile) == ""


def test_the_compose_file_follows_its_schema() -> None:
    run(installed("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_the_kubernetes_manifests_follow_their_schemas() -> None:
    manifests = [path for path in MANIFESTS if path.name != "kustomization.yaml"]
    output = run(installed("kubernetes-validate"), "--strict", *manifests)
    assert output.count("passed for resource") == len(manifests)


@needs_haproxy
@pytest.mark.parametrize("prefix", ["", "/scheduling"])
def test_haproxy_accepts_its_configuration(prefix: str, tmp_path: Path) -> None:
    assert HAPROXY_PROGRAM is not None
    output = run(HAPROXY_PROGRAM, "-c", "-f", HAPROXY, **haproxy_variables(tmp_path, PREFIX=prefix))
    assert "WARNING" not in output


@needs_systemd
def test_systemd_accepts_the_units_and_finds_them_confined(tmp_path: Path) -> None:
    assert SYSTEMD_ANALYZE is not None
    program = tmp_path / "group-sessions"
    program.touch(mode=0o755)
    for unit in UNITS:
        text = unit.read_text().replace("/opt/group-sessions/bin/group-sessions", str(program))
        (tmp_path / unit.name).write_text(text.replace("EnvironmentFile=", "EnvironmentFile=-"))
    copies = [tmp_path / unit.name for unit in UNITS]
    assert run(SYSTEMD_ANALYZE, "verify", *copies) == ""
    for service in (copy for copy in copies if copy.suffix == ".service"):
        # The exposure level, 0 to 10, times 10. A unit without any confinement has 96.
        run(SYSTEMD_ANALYZE, "security", "--offline=true", "--threshold=15", service)


def test_patroni_accepts_its_configuration(tmp_path: Path) -> None:
    copy = tmp_path / "patroni.yml"
    copy.write_text(PATRONI.read_text().replace("/usr/lib/postgresql/17/bin", str(programs())))
    assert run(installed("patroni"), "--validate-config", copy) == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_a_script_is_valid_and_executable(script: Path) -> None:
    run("/bin/sh", "-n", script)
    assert script.stat().st_mode & 0o111


def test_every_file_is_checked() -> None:
    # test_cell.py starts PgBouncer with its file, and test_monitoring.py reads the dashboard and the alert rules.
    elsewhere = {POOLER, *MONITORING, DEPLOY / "README.md", DEPLOY / "container" / "Dockerfile.dockerignore"}
    checked = {*DOCKERFILES, COMPOSE, *MANIFESTS, *UNITS, HAPROXY, PATRONI, *SCRIPTS, *elsewhere}
    present = {path for path in DEPLOY.glob("**/*") if path.is_file() and "secrets" not in path.parts}
    assert present == checked
