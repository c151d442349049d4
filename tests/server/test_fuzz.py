"""No request causes a server error, with or without a token."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import Message

from tests.endurance.scale import soak
from tests.support.api_client import bearer
from tests.support.figures import record_figures
from tests.support.planted import planted_requests

pytestmark = pytest.mark.anyio

SHORT: Final = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
LONG: Final = settings(SHORT, max_examples=soak(20_000, short=2_000))
DOCUMENTS: Final = tuple({planted.document for planted in planted_requests()})
VARIABLES: Final = st.sampled_from([planted.variables for planted in planted_requests() if planted.variables])
COUNTS: Final[Counter[str]] = Counter()
TOKEN: Final = bearer().encode()

texts = st.text(st.characters(codec="utf-8"), max_size=40)
names = st.sampled_from(["a", "query", "on", "__typename", "GroupDefinition", "first", "input", "id", "$a", "A"])
pieces = st.one_of(
    st.sampled_from([*'{}()[]!$:=@|&.,#"\\ \n\t\ufeff', '"""', "...", "-", "0", "1e9", "\\u"]), names, texts
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | names, inner, max_size=4),
    max_leaves=20,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw a valid document, a damaged one, or random tokens."""
    if draw(st.integers(0, 4)) == 0:
        return "".join(draw(st.lists(pieces, max_size=30)))
    tokens = re.findall(r'"[^"]*"|\w+|\W', draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 4]))):
        place = draw(st.integers(0, len(tokens) - 1))
        tokens[place] = draw(names if tokens[place].isalnum() else pieces)
    return "".join(tokens)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Draw a request body that is valid, nearly valid, or not JSON."""
    kind = draw(st.integers(0, 11))
    if kind == 0:
        return draw(st.binary(max_size=60))
    if kind == 1:
        return draw(st.sampled_from([b"[", b'{"a":', b'"', b"[{"])) * draw(st.sampled_from([1, 500, 5000]))
    if kind == 2:
        number = draw(st.sampled_from(["9" * 5000, "-" + "1" * 400, "1e999", "0." + "3" * 5000, "1" * 20]))
        query = "query ($a: Int) { groupDefinitions(first: $a) { totalCount } }"
        return f'{{"query": "{query}", "variables": {{"a": {number}}}}}'.encode()
    body: Any = {"query": draw(documents() if kind > 3 else values)}
    if kind > 7:
        body["variables"] = draw(VARIABLES | values | st.dictionaries(names, values, max_size=3))
        body["operationName"] = draw(st.sampled_from([None, "Planted"]) | values)
        body["extensions"] = draw(st.none() | values)
    encoded = json.dumps(body, ensure_ascii=draw(st.booleans())).encode()
    return encoded[: len(encoded) - draw(st.integers(1, 100))] if kind == 3 else encoded


headers = st.dictionaries(
    st.sampled_from(
        [
            b"accept",
            b"content-type",
            b"content-length",
            b"authorization",
            b"origin",
            b"x-request-id",
            b"idempotency-key",
            b"access-control-request-method",
            b"accept-encoding",
            b"cookie",
            b"webhook-signature",
        ]
    ),
    st.binary(max_size=30)
    | st.sampled_from(
        [
            b"application/json",
            b"application/graphql-response+json",
            b"*/*;q=nan",
            b"application/json; charset=utf-16",
            b'"key"',
            b"-1",
            b"9" * 40,
            b"gzip, br;q=0.1, zstd;q=x",
            b"Bearer eyJhbGciOiJub25lIn0.e30.",
            b"Bearer " + b"[" * 5000,
        ]
    ),
    max_size=4,
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Draw a path, mostly /graphql."""
    if draw(st.integers(0, 9)):
        return "/graphql"
    return draw(
        st.sampled_from(["/events", "/", "/health", "/ready", "/graphiql", "/groups/1"])
        | texts.map(lambda text: f"/{text}")
    )


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request in bytes, including requests that no HTTP client would send."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes


@st.composite
def requests(draw: st.DrawFn) -> RawRequest:
    """Draw a request, mostly to /graphql with a token."""
    method = draw(st.sampled_from([*["POST"] * 9, *["GET"] * 3, "HEAD", "OPTIONS", "PUT", "BREW"]))
    request_headers = {b"authorization": TOKEN, b"content-type": b"application/json"}
    if draw(st.integers(0, 3)) == 0:
        request_headers |= draw(headers)
    if method == "POST":
        return RawRequest(method, draw(paths()), b"", request_headers, draw(bodies()))
    parameters = {
        "query": draw(documents()),
        "variables": json.dumps(draw(values)),
        "operationName": draw(texts),
    }
    chosen = draw(st.lists(st.sampled_from(["query", "query", *parameters]), max_size=4))
    query = "&".join(f"{name}={quote(parameters[name])}" for name in chosen).encode() + draw(st.binary(max_size=10))
    return RawRequest(method, draw(paths()), query, request_headers, b"")


async def respond(app: Starlette, raw: RawRequest) -> list[Message]:
    """Return the messages that the app sends for a request."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": raw.method,
        "path": raw.path,
        "raw_path": quote(raw.path).encode(),
        "root_path": "",
        "query_string": raw.query,
        "headers": list(raw.headers.items()),
        "client": ("127.0.0.1", 1),
        "server": ("clinic.test", 80),
    }
    parts = [raw.body[:100], raw.body[100:]]
    messages: list[Message] = []

    async def receive() -> Message:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


async def assert_no_server_error(app: Starlette, raw: RawRequest) -> None:
    """Send a request, and assert that it causes no server error."""
    start, *rest = await respond(app, raw)
    assert start["status"] < 500, rest
    response_headers = {name.lower(): value for name, value in start["headers"]}
    assert response_headers[b"x-content-type-options"] == b"nosniff"
    if raw.path == "/graphql" and raw.method != "HEAD":
        assert response_headers[b"content-type"].endswith(b"json; charset=utf-8")
        errors = json.loads(b"".join(part.get("body", b"") for part in rest)).get("errors", [])
        assert all(error["extensions"]["code"] != "INTERNAL_SERVER_ERROR" for error in errors), errors


@SHORT
@given(raw=requests())
async def test_no_request_causes_a_server_error(app: Starlette, raw: RawRequest) -> None:
    await assert_no_server_error(app, raw)


@pytest.mark.soak
@LONG
@given(raw=requests())
async def test_none_of_20_000_requests_causes_a_server_error(
    app: Starlette, database_kind: str, raw: RawRequest
) -> None:
    COUNTS[database_kind] += 1
    await assert_no_server_error(app, raw)


@pytest.fixture(autouse=True, scope="module")
def figures() -> Iterator[None]:
    """Record how many requests the long test has sent."""
    yield
    for kind, count in COUNTS.items():
        record_figures("requests fuzzed", kind, requests=count)
