"""A GraphQL request as it came over HTTP, read and checked; whatever is wrong with it has a status and words."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from schema.admission.limit_checks import LimitExceeded
from server.responses.headers import cached, header

_DIGITS: Final = 18
"""Of a length: with more, what is left is over any limit all the same, and Python reads no number of 5,000."""


class BadRequest(Exception):
    """A request that is no GraphQL request; it answers with this status and these words."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request: a document, its variables, and which of its operations to run."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


async def read_request(scope: Scope, receive: Receive, most_bytes: int) -> GraphQLRequest:
    """Return the request of a GET's parameters or a POST's JSON body.

    Raises:
        BadRequest: 400 for what is not a GraphQL request, 415 for another media type.
        LimitExceeded: For a body over the limit.
        ClientDisconnect: Where the client has gone before all of the body came.
    """
    if scope["method"] == "GET":
        return _of_parameters(QueryParams(scope["query_string"]))
    if not _is_json(header(scope, b"content-type")):
        raise BadRequest(415, "Send the request as application/json in UTF-8.")
    return _checked(_json(await _body(scope, receive, most_bytes), "The body"))


def _of_parameters(parameters: QueryParams) -> GraphQLRequest:
    values: dict[str, Any] = {
        "query": parameters.get("query"),
        "operationName": parameters.get("operationName") or None,
    }
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        values[name] = _json(text.encode(), f"The parameter {name}") if text else None
    return _checked(values)


@cached
def _is_json(content_type: str | None) -> bool:
    name, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charset = next(
        (value.strip('" ') for key, _, value in (p.partition("=") for p in parameters) if key == "charset"), ""
    )
    return name == "application/json" and charset in {"", "utf-8", "utf8"}


async def _body(scope: Scope, receive: Receive, most_bytes: int) -> bytes:
    length = header(scope, b"content-length") or ""
    told = int(length[:_DIGITS]) if length.isdecimal() else 0
    if told > most_bytes:
        raise LimitExceeded("body_bytes", told, most_bytes, "The body has {} bytes")
    parts: list[bytes] = []
    read, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        read, more = read + len(parts[-1]), message.get("more_body", False)
        if read > most_bytes:
            raise LimitExceeded("body_bytes", read, most_bytes, "The body has {} bytes or more")
    return b"".join(parts)


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        # The parser's own message quotes what it read.
        raise BadRequest(400, f"{what} is not JSON.") from None


def _checked(values: Any) -> GraphQLRequest:
    if isinstance(values, list):
        raise BadRequest(400, "Send one request at a time: batching is off.")
    if not isinstance(values, dict):
        raise BadRequest(400, 'The body must be a JSON object with the key "query".')
    query, variables, name = values.get("query"), values.get("variables"), values.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest(400, '"query" must be a string that holds a GraphQL document.')
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, '"variables" must be an object.')
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, '"operationName" must be a string.')
    if values.get("extensions") is not None and not isinstance(values["extensions"], dict):
        raise BadRequest(400, '"extensions" must be an object.')
    return GraphQLRequest(query, variables, name)
