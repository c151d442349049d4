"""Sends single requests and compares their responses."""

import http.client
from typing import Any

import orjson

from benchmarks.load import LoadSpec, UnexpectedResponse


def fetch_data(spec: LoadSpec, index: int = 0) -> Any:
    """Send one of the bodies of a load, by default the first, and return the data of the response.

    Raises:
        UnexpectedResponse: The response is an error.
    """
    connection = http.client.HTTPConnection("127.0.0.1", spec.port, timeout=60)
    connection.request("POST", spec.path, spec.bodies[index], {**spec.headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != http.HTTPStatus.OK or spec.expected.encode() not in body:
        raise UnexpectedResponse(f"status {response.status}: {body[:300].decode(errors='replace')}")
    return orjson.loads(body)["data"]


def same_values(first: Any, second: Any) -> bool:
    """Return whether two responses have the same values. Trailing zeros of seconds are ignored.

    The capacity of a group is left out, because one of the servers returns it in another form.
    """
    return bool(_normalized(first) == _normalized(second))


def _normalized(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _normalized(item) for name, item in value.items() if name not in {"capacity", "maxCapacity"}}
    if isinstance(value, list):
        return [_normalized(item) for item in value]
    return value.replace(".000000", "") if isinstance(value, str) else value
