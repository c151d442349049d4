"""GraphQL errors as clients see them: each with a code, and unexpected ones masked."""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from db.connections.faults import Effect, OutcomeUnknown, classify_fault
from db.stores.idempotency import TakenOver
from resolvers.errors import AnswerWithheld, BadInput, PermissionDenied
from schema.admission.limit_checks import LimitExceeded

_log = logging.getLogger("group_sessions.faults")
_BUSY = "The server is busy with other requests, and this was not done: try again in a moment."
_AWAY = "The database cannot be used at present, and this was not done: try again in a moment."
_UNKNOWN = (
    "The connection to the database was lost while this change was being stored, and it may have been stored."
    " Send the request again with the same Idempotency-Key, or look before you repeat it."
)
_STORED = (
    "The database is busy or away. What this request changes is stored, but its answer cannot be given."
    " Send the request again with the same Idempotency-Key, or look before you repeat it."
)
_TAKEN_OVER = "A repeat of this request has taken it over, since it was silent for too long; this was not done."


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
    RATE_LIMITED = "RATE_LIMITED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"


def error(message: str, code: ErrorCode) -> dict[str, Any]:
    """Return one error as it is sent."""
    return {"message": message, "extensions": {"code": code.value}}


def masked_error(fault: BaseException, request_id: str, *, after_change: bool = False) -> dict[str, Any]:
    """Log what went wrong, and return an error that tells nothing but the request id, or when to try again.

    Args:
        fault: What went wrong.
        request_id: The request.
        after_change: Whether it went wrong while the answer to a change was read, and the change is stored.
    """
    if (told := _passing_error(fault, after_change=after_change)) is not None:
        _log.warning("the database is busy or away", exc_info=fault, extra={"fields": {"request_id": request_id}})
        return told
    _log.error("unexpected fault", exc_info=fault, extra={"fields": {"request_id": request_id}})
    return error(
        f"Something went wrong on our side; request id {request_id}.",
        ErrorCode.INTERNAL_SERVER_ERROR,
    )


def _passing_error(fault: BaseException, *, after_change: bool) -> dict[str, Any] | None:
    if isinstance(fault, TakenOver):
        return error(_TAKEN_OVER, ErrorCode.IDEMPOTENCY_KEY_IN_USE)
    if isinstance(fault, AnswerWithheld):
        return error(_STORED, ErrorCode.UNAVAILABLE)
    kind = classify_fault(fault)
    if kind is None:
        return None
    if after_change:
        return error(_STORED, ErrorCode.UNAVAILABLE)
    if kind.effect is Effect.UNAVAILABLE:
        return error(_UNKNOWN if isinstance(fault, OutcomeUnknown) else _AWAY, ErrorCode.UNAVAILABLE)
    return error(_BUSY, ErrorCode.BUSY)


def errors_before_execution(errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
    """Return the errors of a document that was not executed: it does not parse, is over a limit, or is not valid."""
    return [_before_execution(each) for each in errors]


def errors_of_execution(
    errors: Iterable[GraphQLError], request_id: str, *, changed: bool = False
) -> list[dict[str, Any]]:
    """Return the errors of variables (they have no path) and of fields.

    Args:
        errors: The errors.
        request_id: The request.
        changed: Whether it has changed something. What fails below a field of the mutation fails after the change.
    """
    return [_of_execution(each, request_id, after_change=changed and len(each.path or ()) > 1) for each in errors]


def _before_execution(each: GraphQLError) -> dict[str, Any]:
    if isinstance(each, LimitExceeded):
        return _located(each, each.message, ErrorCode.LIMIT_EXCEEDED)
    if isinstance(each, GraphQLSyntaxError):
        return _located(each, each.message, ErrorCode.GRAPHQL_PARSE_FAILED)
    return _located(each, each.message, ErrorCode.GRAPHQL_VALIDATION_FAILED)


def _of_execution(each: GraphQLError, request_id: str, *, after_change: bool) -> dict[str, Any]:
    cause = _origin(each)
    if isinstance(cause, PermissionDenied):
        return _located(each, str(cause), ErrorCode.FORBIDDEN, requiredPermission=cause.key.value)
    if isinstance(cause, BadInput):
        return _located(each, str(cause), ErrorCode.BAD_USER_INPUT)
    # Without a path it is of the variables, which came before any field. With one, GraphQL's own errors of arguments
    # point at the document, and others are marked with a code on purpose. One without any of these is a value of ours
    # that does not fit its type.
    own = isinstance(cause, GraphQLError) and (bool(cause.nodes) or "code" in (cause.extensions or {}))
    if each.path is None or own:
        return _located(each, each.message, ErrorCode.BAD_USER_INPUT)
    return _placed(each, masked_error(cause, request_id, after_change=after_change))


def _origin(each: GraphQLError) -> Exception:
    cause: Exception = each
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _located(each: GraphQLError, message: str, code: ErrorCode, **extensions: str) -> dict[str, Any]:
    told = {"code": code.value, **(each.extensions or {}), **extensions}
    return _placed(each, {"message": message, "extensions": told})


def _placed(each: GraphQLError, told: dict[str, Any]) -> dict[str, Any]:
    locations: Sequence[Any] = each.locations or ()
    if locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in locations]
    if each.path:
        told["path"] = list(each.path)
    return told
