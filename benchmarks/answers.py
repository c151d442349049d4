"""One answer at a time, to look at."""

import http.client
from typing import Any

import orjson

from benchmarks.load import Order, UnexpectedAnswer


def answer(order: Order, turn: int = 0) -> Any:
    """Return the data of the answer to the order's first body, or to another one. Raise UnexpectedAnswer."""
    connection = http.client.HTTPConnection("127.0.0.1", order.port, timeout=60)
    connection.request("POST", order.path, order.bodies[turn], {**order.headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != http.HTTPStatus.OK or order.expected.encode() not in body:
        raise UnexpectedAnswer(f"status {response.status}: {body[:300].decode(errors='replace')}")
    return orjson.loads(body)["data"]


def same_values(one: Any, other: Any) -> bool:
    """Return whether two answers hold the same, however many zeros they write after a second.

    A group's seats are left out: one of the servers counts them in another shape.
    """
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if name not in {"capacity", "maxCapacity"}}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace(".000000", "") if isinstance(value, str) else value
