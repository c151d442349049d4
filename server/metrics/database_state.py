"""Metrics that each request for metrics reads from the database. All servers report the same values."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from db.connections.engine import Database
from db.connections.faults import Busy, classify_fault
from db.outbox.delivery_state import DeliveryState, delivery_states
from server.metrics.declarations import PREFIX
from server.runtime.version import program_version

SECONDS: Final = 2.0
"""How long the database may take."""
_log = logging.getLogger("group_sessions.faults")


async def database_state(engine: Database, sinks: Collection[str]) -> list[Metric]:
    """Return whether the database can be used and, if so, the state of deliveries to these receivers."""
    states: list[DeliveryState] = []
    up = True
    try:
        async with asyncio.timeout(SECONDS):
            states = await delivery_states(engine, sinks)
    except Exception as fault:  # other metrics matter most while the database cannot be used
        kind = classify_fault(fault)
        level = logging.ERROR if kind is None and not isinstance(fault, TimeoutError | Busy) else logging.WARNING
        _log.log(level, "the metrics of the database cannot be read", exc_info=fault)
        up = False
    return [
        InfoMetricFamily(f"{PREFIX}_build", "The version of the server.", {"version": program_version()}),
        _gauge("database_up", f"Whether the database responded within {SECONDS:g} seconds.", {None: float(up)}),
        _gauge(
            "relay_lag_seconds",
            "The age of the oldest event that is neither delivered nor parked.",
            {state.sink: state.lag_seconds for state in states},
        ),
        _gauge(
            "relay_waiting_groups",
            "Groups with events that wait for their delivery.",
            {state.sink: float(state.waiting_groups) for state in states},
        ),
        _gauge(
            "parked_events",
            "Events that a receiver has refused too often.",
            {state.sink: float(state.parked_events) for state in states},
        ),
    ]


def _gauge(name: str, text: str, values: Mapping[str, float] | Mapping[None, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=None if None in values else ["sink"])
    for sink, value in values.items():
        family.add_metric([] if sink is None else [sink], value)
    return family
