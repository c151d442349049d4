"""What deploy/ names exists in the project; nothing in it runs as root, writes its image or contains a secret."""

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.connections.engine import create_engine
from server.cli.arguments import command_parser
from server.routes.health import health_routes
from server.settings.environment import Settings
from tests.deploy.files import (
    COMPOSE,
    DEPLOY,
    DOCKERFILES,
    HAPROXY,
    MANIFESTS,
    POOLER,
    UNITS,
    Document,
    containers,
    document,
    instructions,
    name_of,
    pod_specs,
    services,
    unit_values,
)
from tests.support.repository import ROOT

PROGRAM = "/opt/group-sessions/bin/group-sessions"
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
TEXTS = sorted(path for path in DEPLOY.glob("**/*") if path.is_file() and "secrets" not in path.parts)
OF_OTHER_PROGRAMS = {"POSTGRES_DB", "POSTGRES_PASSWORD", "PGDATA", "OWNER_PASSWORD", "SERVER_PASSWORD"}


def variables() -> Iterator[str]:
    """Yield the environment variables that files in deploy/ set."""
    for service in services().values():
        yield from service.get("environment", {})
    yield from document(DEPLOY / "kubernetes" / "settings.yaml")["data"]
    for container in containers():
        yield from (variable["name"] for variable in container.get("env", ()))
    # make-secrets writes the files of variables that compose.yaml names.
    yield from re.findall(
        r"^(?:echo \")?([A-Z_]{4,})=", (DEPLOY / "compose" / "make-secrets").read_text(), re.MULTILINE
    )


def commands() -> Iterator[list[str]]:
    """Yield the arguments of group-sessions in each file that runs it."""
    yield from (service["command"] for name, service in services().items() if name in {"migrate", "server"})
    yield from (container["args"] for container in containers())
    for unit in SERVICES:
        for line in unit_values(unit, "ExecStart"):
            arguments = shlex.split(line.partition(PROGRAM)[2].rstrip("'"))
            yield ["backup", "FILE"] if arguments[0] == "backup" else arguments
    yield from map(json.loads, instructions(DEPLOY / "container" / "Dockerfile", "CMD"))


def test_every_variable_is_a_setting() -> None:
    names = set(variables())
    assert {"DATABASE_URL", "AUTH_JWT_SECRET", "TRUSTED_PROXIES"} <= names
    assert {name for name in names if name.lower() not in Settings.model_fields} == OF_OTHER_PROGRAMS


def test_every_command_is_accepted_by_the_command_line() -> None:
    chosen = [command_parser().parse_args(command) for command in commands()]
    assert {arguments.command for arguments in chosen} == {"serve", "migrate", "backup"}
    assert {arguments.port for arguments in chosen if arguments.command == "serve"} == {8000}


def test_every_port_is_the_one_that_serve_listens_on() -> None:
    assert instructions(DEPLOY / "container" / "Dockerfile", "EXPOSE") == ["8000"]
    assert services()["server"]["ports"] == ["127.0.0.1:8000:8000"]
    (server,) = (container for container in containers() if "ports" in container)
    assert server["ports"] == [{"name": "http", "containerPort": 8000}]
    (ports,) = document(DEPLOY / "kubernetes" / "network-policy.yaml")["spec"]["ingress"]
    assert ports == {"ports": [{"protocol": "TCP", "port": 8000}]}
    assert document(DEPLOY / "kubernetes" / "service.yaml")["spec"]["ports"][0]["targetPort"] == "http"
    pooler = configparser.ConfigParser()
    pooler.read(POOLER)
    (exposed,) = instructions(DEPLOY / "compose" / "pgbouncer.Dockerfile", "EXPOSE")
    assert pooler["pgbouncer"]["listen_port"] == exposed
    assert pooler["pgbouncer"]["pool_mode"] == Settings().database_pool_mode
    assert f"@pgbouncer:{exposed}/clinic" in (DEPLOY / "compose" / "make-secrets").read_text()


def test_every_health_check_is_a_path_of_the_server() -> None:
    paths = {getattr(route, "path", None) for route in health_routes(create_engine("sqlite:///unused.db"))}
    probes = [
        container[probe]["httpGet"]
        for container in containers()
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        if probe in container
    ]
    assert [(probe["path"], probe["port"]) for probe in probes] == [("/ready", "http")] * 2 + [("/health", "http")]
    assert {probe["path"] for probe in probes} == paths
    assert set(re.findall(r"uri (/\w+)", HAPROXY.read_text())) == {"/ready"}
    assert set(re.findall(r":8000(/\w+)", DOCKERFILES[1].read_text())) == {"/health"}


def test_every_path_of_the_repository_exists() -> None:
    ignored = (DEPLOY / "container" / "Dockerfile.dockerignore").read_text().splitlines()
    built_from = {ROOT / line.removeprefix("!") for line in ignored if line.startswith("!")}
    mounted = {COMPOSE.parent / volume.split(":")[0] for volume in volumes() if volume.startswith("./")}
    builds = {build_file(service) for service in services().values() if "build" in service}
    listed = {
        DEPLOY / "kubernetes" / name for name in document(DEPLOY / "kubernetes" / "kustomization.yaml")["resources"]
    }
    assert [path for path in (*built_from, *mounted, *builds, *listed) if not path.exists()] == []
    assert listed == {path for path in MANIFESTS if path.name != "kustomization.yaml"}
    assert builds == set(DOCKERFILES)


def volumes() -> Iterator[str]:
    for service in services().values():
        yield from service.get("volumes", ())


def build_file(service: Document) -> Path:
    build: dict[str, str] = service["build"]
    return (COMPOSE.parent / build["context"]).resolve() / build["dockerfile"]


def test_the_image_is_built_from_all_that_the_wheel_contains() -> None:
    names = set((DEPLOY / "container" / "Dockerfile.dockerignore").read_text().splitlines())
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert {f"!{package}" for package in packages} <= names


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=name_of)
def test_no_image_runs_as_root(dockerfile: Path) -> None:
    assert instructions(dockerfile, "USER") == ["10001:10001"]


@pytest.mark.parametrize("name", services())
def test_no_compose_service_runs_as_root_or_writes_to_its_image(name: str) -> None:
    service = services()[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("privileged") is None


def test_no_pod_runs_as_root_or_writes_to_its_image() -> None:
    confined: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for spec in pod_specs():
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 10001
        assert spec["automountServiceAccountToken"] is False
    assert [container["securityContext"] for container in containers()] == [confined, confined]


@pytest.mark.parametrize("unit", SERVICES, ids=name_of)
def test_no_unit_runs_as_root_or_writes_to_the_system(unit: Path) -> None:
    assert unit_values(unit, "User") == ["group-sessions"]
    assert unit_values(unit, "NoNewPrivileges") == ["yes"]
    assert unit_values(unit, "ProtectSystem") == ["strict"]
    assert unit_values(unit, "CapabilityBoundingSet") == [""]


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_file_contains_a_secret(path: Path) -> None:
    text = path.read_text()
    assert "PRIVATE KEY" not in text
    assert re.findall(r"://[^\s/$]*:[^\s$@/]+@", text) == []  # a password in a URL, unless it is a variable
    assert re.findall(r"(?i)(?:password|secret|token)\w*\s*[=:]\s*[\"']?[\w+/-]{8,}", without_references(text)) == []
    assert "kind: Secret" not in text


def without_references(text: str) -> str:
    text = re.sub(r":'\w+'", "", text)  # variables of psql
    return text.replace("password_encryption: scram-sha-256", "").replace("automountServiceAccountToken: false", "")
