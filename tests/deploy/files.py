"""The files in deploy/, parsed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.repository import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILES = sorted(DEPLOY.glob("**/*Dockerfile"))
COMPOSE = DEPLOY / "compose" / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
HAPROXY = DEPLOY / "haproxy" / "haproxy.cfg"
PATRONI = DEPLOY / "patroni" / "patroni.yml"
POOLER = DEPLOY / "compose" / "pgbouncer.ini"
MONITORING = [DEPLOY / "monitoring" / name for name in ("alerts.yaml", "grafana-dashboard.json")]
SCRIPTS = [DEPLOY / "compose" / "logins.sh", DEPLOY / "compose" / "make-secrets"]

Document = dict[str, Any]


def name_of(path: Path) -> str:
    """Return the path inside deploy/, as the name of a test's case."""
    return str(path.relative_to(DEPLOY))


def document(path: Path) -> Document:
    """Return the content of a YAML file with one document."""
    content: Document = yaml.safe_load(path.read_text())
    return content


def services() -> dict[str, Document]:
    """Return the services of the compose file."""
    found: dict[str, Document] = document(COMPOSE)["services"]
    return found


def pod_specs() -> Iterator[Document]:
    """Yield the specification of the pods of each Kubernetes manifest that has pods."""
    for path in MANIFESTS:
        manifest = document(path)
        if manifest["kind"] in {"Deployment", "Job"}:
            yield manifest["spec"]["template"]["spec"]


def containers() -> Iterator[Document]:
    """Yield the containers of the Kubernetes manifests."""
    for spec in pod_specs():
        yield from spec["containers"]


def unit_values(path: Path, name: str) -> list[str]:
    """Return the values of a directive in a systemd unit."""
    return [line.removeprefix(f"{name}=") for line in path.read_text().splitlines() if line.startswith(f"{name}=")]


def instructions(path: Path, name: str) -> list[str]:
    """Return the arguments of an instruction in a Dockerfile."""
    text = path.read_text().replace("\\\n", " ")
    return [line.removeprefix(f"{name} ") for line in text.splitlines() if line.startswith(f"{name} ")]
