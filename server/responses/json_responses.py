"""JSON responses, and the one exception and one handler for refused requests."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from server.responses.errors import ErrorCode, error_body, masked_error
from server.responses.negotiation import JSON
from server.responses.request_record import RequestRecord

_RETRY_AFTER_SECONDS: Final = {ErrorCode.BUSY: 1, ErrorCode.UNAVAILABLE: 5}


class RequestRefused(Exception):
    """A request that the server refuses.

    Attributes:
        status: The HTTP status.
        message: What is wrong, and what would be right.
        headers: The headers of the response, besides those that every response has.
        reason: The `refusal` in the log, if it is more precise than the error's code; empty otherwise.
        body: The response body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        reason: str = "",
        **details: Any,
    ) -> None:
        """Refuse a request with one error, whose `extensions` have the code and the details."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.reason = reason
        self.body: dict[str, Any] = {"errors": [error_body(message, code, **details)]}


def json_response(
    body: Mapping[str, Any],
    status: int,
    record: RequestRecord,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response with this body, and record its outcome: `ok`, or the codes of its errors."""
    errors = body.get("errors")
    record.outcome = ",".join(dict.fromkeys(error["extensions"]["code"] for error in errors)) if errors else "ok"
    # The response depends on the caller and may contain patient data.
    common = {"content-type": content_type, "cache-control": "no-store"}
    return Response(orjson.dumps(body), status, common if headers is None else {**common, **headers})


def refusal_response(refusal: RequestRefused, record: RequestRecord, content_type: str = JSON) -> Response:
    """Return the response to a refused request, and record the refusal."""
    record.refusal = refusal.reason or None
    return json_response(refusal.body, refusal.status, record, content_type, refusal.headers)


def fault_response(fault: Exception, record: RequestRecord, content_type: str = JSON) -> Response:
    """Log an unexpected exception, and return a response that hides it: 503 if a retry may succeed, 500 otherwise."""
    error = masked_error(fault, record.request_id)
    headers = retry_headers([error])
    return json_response({"errors": [error]}, 503 if headers else 500, record, content_type, headers)


def retry_headers(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return a Retry-After header if one of the errors is BUSY or UNAVAILABLE."""
    codes = {error["extensions"]["code"] for error in errors}
    seconds = [wait for code, wait in _RETRY_AFTER_SECONDS.items() if code in codes]
    return {"Retry-After": str(max(seconds))} if seconds else {}


def is_outage(data: Mapping[str, Any] | None, errors: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the database was unavailable and the response contains no data: its status is 503 then.

    A response with some data has the status 200 and the errors beside the data, as GraphQL over HTTP requires.
    """
    unavailable = any(error["extensions"]["code"] == ErrorCode.UNAVAILABLE for error in errors)
    return unavailable and all(value is None for value in (data or {}).values())
