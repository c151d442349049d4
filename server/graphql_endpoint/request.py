"""A GraphQL request over HTTP: read from the query string or from the body, and checked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from graphql import GraphQLError
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from schema.admission.limit_checks import LimitExceeded
from server.responses.errors import ErrorCode, errors_before_execution
from server.responses.headers import cached_parser, header
from server.responses.json_responses import RequestRefused

_MAX_DIGITS: Final = 18
"""A longer Content-Length exceeds every limit even if it is cut to this, and Python refuses to parse very long ones."""
_SHA256: Final = re.compile("[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request.

    Attributes:
        query: The document. Empty if the client sent only its hash.
        variables: The variables.
        operation_name: The name of the operation to run.
        sha256: The hash of the document, if the client uses persisted queries.
    """

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    sha256: str | None = None


class GraphQLRefused(RequestRefused):
    """A request refused with GraphQL errors, such as a document that does not parse or exceeds a limit."""

    def __init__(
        self,
        status: int,
        errors: Sequence[GraphQLError],
        *,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the errors, and the `extensions` of the response body."""
        bodies = errors_before_execution(errors)
        super().__init__(status, bodies[0]["extensions"]["code"], bodies[0]["message"], headers=headers)
        self.body = {"errors": bodies, "extensions": extensions} if extensions else {"errors": bodies}


async def read_request(scope: Scope, receive: Receive, max_bytes: int) -> GraphQLRequest:
    """Return the request from the query string of a GET or the JSON body of a POST.

    Raises:
        RequestRefused: 400 if it is malformed, 413 if the body exceeds `max_bytes`, 415 if the body is not JSON.
        ClientDisconnect: If the client disconnects before the end of the body.
    """
    if scope["method"] == "GET":
        return _from_query_string(QueryParams(scope["query_string"]))
    if not _is_json(header(scope, b"content-type")):
        raise _bad_request("The Content-Type must be application/json, in UTF-8.", status=415)
    return _checked(_parse_json(await _read_body(scope, receive, max_bytes), "The request body"))


def _from_query_string(parameters: QueryParams) -> GraphQLRequest:
    values: dict[str, Any] = {
        "query": parameters.get("query"),
        "operationName": parameters.get("operationName") or None,
    }
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        values[name] = _parse_json(text.encode(), f"The parameter {name}") if text else None
    return _checked(values)


@cached_parser
def _is_json(content_type: str | None) -> bool:
    name, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charset = next(
        (value.strip('" ') for key, _, value in (p.partition("=") for p in parameters) if key == "charset"), ""
    )
    return name == "application/json" and charset in {"", "utf-8", "utf8"}


async def _read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    length = header(scope, b"content-length") or ""
    declared_bytes = int(length[:_MAX_DIGITS]) if length.isdecimal() else 0
    if declared_bytes > max_bytes:
        raise _too_large(LimitExceeded("body_bytes", declared_bytes, max_bytes, "The body has {} bytes"))
    parts: list[bytes] = []
    read_bytes, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        read_bytes, more = read_bytes + len(parts[-1]), message.get("more_body", False)
        if read_bytes > max_bytes:
            raise _too_large(LimitExceeded("body_bytes", read_bytes, max_bytes, "The body has {} bytes or more"))
    return b"".join(parts)


def _parse_json(text: bytes, source: str) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        # The parser's own message quotes the request.
        raise _bad_request(f"{source} is not valid JSON.") from None


def _checked(values: Any) -> GraphQLRequest:
    if isinstance(values, list):
        raise _bad_request("Batches are not supported. Send one operation in each request.")
    if not isinstance(values, dict):
        raise _bad_request('The request body must be a JSON object with the key "query".')
    query, variables, name = values.get("query"), values.get("variables"), values.get("operationName")
    extensions = values.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad_request('"extensions" must be an object.')
    sha256 = _persisted_hash(extensions or {})
    if sha256 is not None and query is None:
        query = ""
    elif not isinstance(query, str) or not query.strip():
        raise _bad_request('"query" must be a string that contains a GraphQL document.')
    if variables is not None and not isinstance(variables, dict):
        raise _bad_request('"variables" must be an object.')
    if name is not None and not isinstance(name, str):
        raise _bad_request('"operationName" must be a string.')
    return GraphQLRequest(query, variables, name, sha256)


def _persisted_hash(extensions: dict[str, Any]) -> str | None:
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise _bad_request('"extensions.persistedQuery.version" must be 1.')
    sha256 = persisted.get("sha256Hash")
    if not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None:
        raise _bad_request('"extensions.persistedQuery.sha256Hash" must be a SHA-256 hash in lowercase hexadecimal.')
    return sha256


def _bad_request(message: str, *, status: int = 400) -> RequestRefused:
    return RequestRefused(status, ErrorCode.BAD_REQUEST, message)


def _too_large(error: LimitExceeded) -> RequestRefused:
    # The rest of the body is not read, so the connection cannot be used for another request.
    return GraphQLRefused(413, [error], headers={"Connection": "close"})
