"""One answer at a time, to look at."""

import http.client
from typing import Any

import orjson

from benchmarks.load import Order, UnexpectedAnswer


def answer(order: Order, turn: int = 0) -> Any:
    """Gives the data of the answer to the order's first body, or to another one. Raises UnexpectedAnswer."""
    connection = http.client.HTTPConnection("127.0.0.1", order.port, timeout=60)
    connection.request("POST", order.path, order.bodies[turn], {**order.headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != http.HTTPStatus.OK or order.expected.encode() not in body:
        raise UnexpectedAnswer(f"status {response.status}: {body[:300].decode(errors='replace')}")
    return orjson.loads(body)["data"]
