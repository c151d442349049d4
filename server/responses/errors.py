"""GraphQL errors as clients see them. Each has a code, and unexpected errors are masked."""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError, SourceLocation

from db.connections.faults import Effect, OutcomeUnknown, classify_fault
from db.stores.idempotency import TakenOver
from resolvers.errors import BadInput, PermissionDenied, ResponseWithheld
from schema.admission.input_errors import InputError
from schema.admission.limit_checks import LimitExceeded

_log = logging.getLogger("group_sessions.faults")
_BUSY = "The server is busy, so this was not done. Try again in a moment."
_UNAVAILABLE = "The database is unavailable, so this was not done. Try again in a moment."
_REPEAT_SAFELY = "Send the request again with the same Idempotency-Key, or check the data before you repeat it."
_OUTCOME_UNKNOWN = (
    "The connection to the database was lost while this change was being stored. It may have been stored."
    f" {_REPEAT_SAFELY}"
)
_RESPONSE_LOST = (
    "This change is stored, but the database became busy or unavailable before the response was complete."
    f" {_REPEAT_SAFELY}"
)
_TAKEN_OVER = (
    "This request ran for too long, and another one with the same Idempotency-Key has taken over."
    " This part of the request was not done."
)


class ErrorCode(StrEnum):
    """The values of an error's `extensions.code`."""

    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BUSY = "BUSY"
    FORBIDDEN = "FORBIDDEN"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    IDEMPOTENCY_KEY_IN_USE = "IDEMPOTENCY_KEY_IN_USE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    RATE_LIMITED = "RATE_LIMITED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"


def error_body(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    """Return an error in the form of a GraphQL response."""
    return {"message": message, "extensions": {"code": str(code), **extensions}}


def seconds_in_words(seconds: int) -> str:
    """Return a number of seconds for a message, such as `1 second` or `5 seconds`."""
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def masked_error(fault: BaseException, request_id: str, *, after_change: bool = False) -> dict[str, Any]:
    """Log an unexpected exception, and return an error that hides it.

    The error contains only the request id or, if the database is busy or unavailable, the advice to try again.

    Args:
        fault: The exception.
        request_id: The id of the request.
        after_change: Whether the exception was raised after the change of a mutation was stored.
    """
    fields = {"request_id": request_id}
    if (error := _temporary_error(fault, after_change=after_change)) is not None:
        _log.warning("the database is busy or unavailable", exc_info=fault, extra={"fields": fields})
        return error
    _log.error("unexpected error", exc_info=fault, extra={"fields": fields})
    message = f"An unexpected error occurred. If you report it, include the request ID {request_id}."
    return error_body(message, ErrorCode.INTERNAL_SERVER_ERROR)


def _temporary_error(fault: BaseException, *, after_change: bool) -> dict[str, Any] | None:
    if isinstance(fault, TakenOver):
        return error_body(_TAKEN_OVER, ErrorCode.IDEMPOTENCY_KEY_IN_USE)
    kind = classify_fault(fault)
    if isinstance(fault, ResponseWithheld) or (kind is not None and after_change):
        return error_body(_RESPONSE_LOST, ErrorCode.UNAVAILABLE)
    if kind is None:
        return None
    if isinstance(fault, OutcomeUnknown) and kind.effect is Effect.UNAVAILABLE:
        return error_body(_OUTCOME_UNKNOWN, ErrorCode.UNAVAILABLE)
    if kind.effect is Effect.UNAVAILABLE:
        return error_body(_UNAVAILABLE, ErrorCode.UNAVAILABLE)
    return error_body(_BUSY, ErrorCode.BUSY)


def errors_before_execution(errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
    """Return the errors of a document that was not executed: it does not parse, exceeds a limit, or is invalid."""
    return [_with_location(error, error.message, _code_before_execution(error)) for error in errors]


def errors_of_execution(
    errors: Iterable[GraphQLError], request_id: str, *, changed: bool = False
) -> list[dict[str, Any]]:
    """Return the errors of variables (which have no path) and of fields.

    Args:
        errors: The errors.
        request_id: The id of the request.
        changed: Whether the request has stored a change. Errors below a field of the mutation come after the change.
    """
    # One exception may fail a field of many objects. It is formatted, and logged, once.
    bodies: dict[tuple[int, bool, tuple[SourceLocation, ...]], dict[str, Any]] = {}
    result = []
    for error in errors:
        cause = _root_cause(error)
        after_change = changed and len(error.path or ()) > 1
        key = id(cause), after_change, tuple(error.locations or ())
        body = bodies.get(key)
        if body is None:
            body = bodies[key] = _error_of_execution(error, cause, request_id, after_change=after_change)
        result.append({**body, "path": list(error.path)} if error.path else body)
    return result


def _code_before_execution(error: GraphQLError) -> ErrorCode:
    if isinstance(error, LimitExceeded):
        return ErrorCode.LIMIT_EXCEEDED
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.GRAPHQL_PARSE_FAILED
    return ErrorCode.GRAPHQL_VALIDATION_FAILED


def _error_of_execution(
    error: GraphQLError, cause: Exception, request_id: str, *, after_change: bool
) -> dict[str, Any]:
    if isinstance(cause, PermissionDenied):
        return _with_location(error, str(cause), ErrorCode.FORBIDDEN, requiredPermission=cause.key.value)
    if isinstance(cause, InputError):
        return _with_location(error, cause.message, ErrorCode.BAD_USER_INPUT)
    if isinstance(cause, BadInput):
        return _with_location(error, str(cause), ErrorCode.BAD_USER_INPUT, argument=cause.path[0], path=cause.path)
    return _add_locations(error, masked_error(cause, request_id, after_change=after_change))


def _root_cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _with_location(error: GraphQLError, message: str, code: ErrorCode, **extensions: object) -> dict[str, Any]:
    own_code = {"code": code.value}
    return _add_locations(error, {"message": message, "extensions": own_code | (error.extensions or {}) | extensions})


def _add_locations(error: GraphQLError, body: dict[str, Any]) -> dict[str, Any]:
    locations: Sequence[Any] = error.locations or ()
    if locations:
        body["locations"] = [{"line": location.line, "column": location.column} for location in locations]
    return body
