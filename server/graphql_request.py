"""A GraphQL request as it came over HTTP, read and checked; whatever is wrong with it has a status and words."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request

from schema.limit_checks import LimitExceeded

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


async def read_request(request: Request, most_bytes: int) -> GraphQLRequest:
    """Gives the request of a GET's parameters or a POST's JSON body.

    Raises:
        BadRequest: 400 for what is not a GraphQL request, 415 for another media type.
        LimitExceeded: For a body over the limit.
    """
    if request.method == "GET":
        return _of_parameters(request.query_params)
    _check_content_type(request.headers.get("content-type"))
    return _checked(_json(await _body(request, most_bytes), "The body"))


def _of_parameters(parameters: QueryParams) -> GraphQLRequest:
    values: dict[str, Any] = {
        "query": parameters.get("query"),
        "operationName": parameters.get("operationName") or None,
    }
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        values[name] = _json(text.encode(), f"The parameter {name}") if text else None
    return _checked(values)


def _check_content_type(header: str | None) -> None:
    name, *parameters = (part.strip().lower() for part in (header or "").split(";"))
    charset = next(
        (value.strip('" ') for key, _, value in (p.partition("=") for p in parameters) if key == "charset"), ""
    )
    if name != "application/json" or charset not in {"", "utf-8", "utf8"}:
        raise BadRequest(415, "Send the request as application/json in UTF-8.")


async def _body(request: Request, most_bytes: int) -> bytes:
    length = request.headers.get("content-length", "")
    told = int(length[:_DIGITS]) if length.isdecimal() else 0
    if told > most_bytes:
        raise LimitExceeded("body_bytes", told, most_bytes, "The body has {} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise LimitExceeded("body_bytes", len(body), most_bytes, "The body has {} bytes or more")
    return bytes(body)


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
