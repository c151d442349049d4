"""The dashboard and the alert rules: made of metrics and labels that a server reports, and explained."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from db.connections.engine import create_engine
from server.app import Monitoring
from server.metrics.metrics import Metrics
from tests.support.api_client import http_client, make_app, make_clinic
from tests.support.repository import ROOT
from tests.support.scraping import METRICS_TOKEN

FOLDER = ROOT / "deploy" / "monitoring"
PROMTOOL = shutil.which("promtool")
OF_PROMETHEUS = {"le", "job", "instance"}
"""The labels that Prometheus adds, and the one of histograms."""
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
_SELECTOR = re.compile(r"(group_sessions_\w+)(?:\{([^}]*)\})?")
_LABELS = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|ignoring|on)\s*\(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def dashboard_expressions() -> list[str]:
    dashboard = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    queries = [variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(targets) > 20
    return [*queries, *targets]


def declared() -> dict[str, set[str]]:
    """Return the labels of each metric that a process declares, by the names of its samples."""
    names: dict[str, set[str]] = {}
    for metric in vars(Metrics().declared).values():
        labels = {*metric._labelnames}
        for suffix in _SUFFIXES.get(metric._type, ("",)):
            names[metric._name + suffix] = labels
    return names


@pytest.mark.anyio
async def test_dashboard_and_alerts_use_what_a_server_reports() -> None:
    engine = create_engine("postgresql://nobody:x@127.0.0.1:1/none")
    app = make_app(make_clinic(engine), monitoring=Monitoring(Metrics(), METRICS_TOKEN))
    async with http_client(app, f"Bearer {METRICS_TOKEN}") as http:
        reported = set(re.findall(r"^# TYPE (\w+)", (await http.get("/metrics")).text, re.MULTILINE))
    await engine.dispose()
    of_database = {name: {"sink"} for name in ("relay_lag_seconds", "relay_waiting_groups", "parked_events")}
    of_database |= {"database_up": set(), "build_info": {"version"}}
    known = declared() | {f"group_sessions_{name}": labels for name, labels in of_database.items()}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in known} == {
        name for name in reported if not name.endswith("_created")
    }
    for expression in [*dashboard_expressions(), *(rule["expr"] for rule in rules())]:
        selectors = _SELECTOR.findall(expression)
        assert selectors or "up{" in expression, expression
        for name, matchers in selectors:
            assert name in known, expression
            assert {*_LABELS.findall(matchers)} <= known[name] | OF_PROMETHEUS, expression
        grouped = {label for group in _GROUPING.findall(expression) for label in re.split(r"[,\s]+", group)} - {""}
        assert grouped <= OF_PROMETHEUS.union(*(known[name] for name, _ in selectors)), expression


def test_every_alert_is_explained() -> None:
    documented = re.findall(r"^\| `(GroupSessions\w+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules()] == documented


@pytest.mark.skipif(PROMTOOL is None, reason="promtool of Debian's prometheus is not installed")
def test_prometheus_accepts_the_rules_and_the_dashboard_s_queries(tmp_path: Path) -> None:
    queries = [
        expression.replace("$__rate_interval", "5m")
        for expression in dashboard_expressions()
        if not expression.startswith("label_values")
    ]
    of_dashboard = tmp_path / "dashboard.yaml"
    recorded = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    of_dashboard.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    command = [str(PROMTOOL), "check", "rules", str(FOLDER / "alerts.yaml"), str(of_dashboard)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
