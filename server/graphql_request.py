"""A GraphQL request as it came over HTTP, read and checked; whatever is wrong with it has a status and words."""

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson
from graphql import GraphQLError, OperationDefinitionNode, parse
from starlette.datastructures import QueryParams
from starlette.requests import Request

MAXIMUM_BODY_BYTES: Final = 1_000_000
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}", re.ASCII)
# The name of a document's first operation. Only from the very start: further on it may be words in a literal.
_FIRST_NAME: Final = re.compile(
    r"(?:[\s,\ufeff]|#[^\r\n]*)*+(?:query|mutation)\s+([_A-Za-z][_0-9A-Za-z]{0,99})", re.ASCII
)
_OPERATION_WORD: Final = re.compile(r"\b(?:query|mutation|subscription)\b", re.ASCII)


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

    @property
    def name_for_logs(self) -> str | None:
        """The operation's name; None where it has none, or none that is a name."""
        if self.operation_name is not None:
            return self.operation_name if _NAME.fullmatch(self.operation_name) else None
        found = _FIRST_NAME.match(self.query)
        return found.group(1) if found else None

    @property
    def is_ambiguous(self) -> bool:
        """Whether the document has several operations and none is chosen (GraphQL section 6.1, GetOperation)."""
        # Two operations hold two of the words; documents with one, nearly all, are not parsed twice.
        if self.operation_name is not None or len(_OPERATION_WORD.findall(self.query)) < 2:
            return False
        try:
            definitions = parse(self.query, no_location=True).definitions
        except (GraphQLError, RecursionError):
            return False  # executing it tells why
        return sum(isinstance(definition, OperationDefinitionNode) for definition in definitions) > 1


async def read_request(request: Request) -> GraphQLRequest:
    """Gives the request of a GET's parameters or a POST's JSON body.

    Raises:
        BadRequest: 400 for what is not a GraphQL request, 413 for a body over the limit, 415 for another media type.
    """
    if request.method == "GET":
        return _of_parameters(request.query_params)
    _check_content_type(request.headers.get("content-type"))
    return _checked(_json(await _body(request), "The body"))


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


async def _body(request: Request) -> bytes:
    too_large = BadRequest(413, f"The body may have at most {MAXIMUM_BODY_BYTES} bytes.", {"Connection": "close"})
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > MAXIMUM_BODY_BYTES):
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY_BYTES:
            raise too_large
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
    if not isinstance(values.get("extensions") or {}, dict):
        raise BadRequest(400, '"extensions" must be an object.')
    return GraphQLRequest(query, variables, name)
