"""Metrics as Prometheus reads them."""

from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

METRICS_TOKEN = "a-token-that-only-prometheus-knows-01234"


@dataclass(frozen=True)
class Scrape:
    """The samples of one response of /metrics, by name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        """Return a sample; 0 if there is none with these labels."""
        return self.samples.get((f"group_sessions_{name}", frozenset(labels.items())), 0.0)

    def names(self) -> set[str]:
        return {name for name, _ in self.samples}

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values of a label of a metric."""
        rows = [dict(labels) for metric, labels in self.samples if metric == f"group_sessions_{name}"]
        return {row[label] for row in rows}


async def scrape(http: httpx.AsyncClient) -> Scrape:
    response = await http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert response.status_code == 200, response.text
    samples = [sample for family in text_string_to_metric_families(response.text) for sample in family.samples]
    return Scrape({(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples})
