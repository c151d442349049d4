"""POST /events: events from other modules, signed according to the Standard Webhooks specification.

One event is accepted: `group_session_documented` from CL-14. It completes a session and has no other effect.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from standardwebhooks import WebhookVerificationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.refusal import FaultCode, Refusal
from domain.sessions import NotStarted
from resolvers.caller import Caller
from resolvers.commands.sessions import complete_occurrence
from resolvers.context import Clinic, Context
from server.middleware.request_id import request_id
from server.responses.json_responses import RequestRefused, json_response, refusal_response
from server.responses.request_record import RequestRecord, record_of
from server.settings.webhook_secrets import WebhookSecrets

DOCUMENTED: Final = "group_session_documented"
MAX_BODY_BYTES: Final = 65_536
"""The body is read before its signature is verified, so it must be small."""
UNNAMED_ACTOR: Final = "CL-14"
"""The actor in the history if the event names no user."""

# Control characters such as NUL are rejected.
_Text = StringConstraints(strict=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")
_Id64 = Annotated[str, _Text, StringConstraints(max_length=64)]
_Id255 = Annotated[str, _Text, StringConstraints(max_length=255)]


class _Payload(BaseModel):
    schedule_id: _Id64


class _Metadata(BaseModel):
    organization_id: _Id64
    user_id: _Id255 | None = None
    correlation_id: str | None = None


class _SessionDocumented(BaseModel):
    model_config = ConfigDict(strict=True)

    event: Literal["group_session_documented"]
    payload: _Payload
    metadata: _Metadata


class InboundEvents:
    """The ASGI app of the endpoint."""

    def __init__(self, clinic: Clinic, secret: str | None) -> None:
        """Accept events for this clinic.

        Args:
            clinic: The clinic.
            secret: The secrets of senders, in the format of the setting. If None, every request gets 404.
        """
        self._clinic = clinic
        self._secrets = None if secret is None else WebhookSecrets(secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        record = record_of(scope)
        try:
            response = await self._handle(Request(scope, receive), record)
        except RequestRefused as refusal:
            response = refusal_response(refusal, record)
        except ClientDisconnect:
            record.outcome = "DISCONNECTED"
            return
        await response(scope, receive, send)

    async def _handle(self, request: Request, record: RequestRecord) -> Response:
        if self._secrets is None:
            raise RequestRefused(
                404, "NOT_FOUND", "This server does not accept events. Set EVENTS_INBOUND_SECRET to accept them."
            )
        if request.method != "POST":
            raise RequestRefused(405, "METHOD_NOT_ALLOWED", "Use POST.", headers={"Allow": "POST"})
        body = await _read_body(request)
        _verify(self._secrets, body, request.headers)
        event = _parse(body)
        record.operation_name = event.event
        record.organization_id = event.metadata.organization_id
        actor = event.metadata.user_id or UNNAMED_ACTOR
        record.caller_id = actor
        # The sender's correlation id, if it is valid, links the log lines of all modules.
        correlation_id = request_id(event.metadata.correlation_id or record.request_id)
        caller = Caller(actor, event.metadata.organization_id, frozenset())
        context = Context(self._clinic, caller, correlation_id)
        try:
            session = await complete_occurrence(context, event.payload.schedule_id)
        except Refusal as refusal:
            raise _request_refused(refusal) from None
        return json_response({"schedule_id": str(session.id), "status": session.status.value}, 200, record)


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestRefused(413, "BODY_TOO_LARGE", f"The request body must not exceed {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _verify(secrets: WebhookSecrets, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        secrets.verify(body, headers)
    except WebhookVerificationError as error:
        if re.search(r"too (old|new)", str(error)):
            message = (
                "The webhook-timestamp differs from the current time by more than 5 minutes. Sign each attempt again,"
                " and check the clocks."
            )
            raise RequestRefused(401, "TIMESTAMP_REFUSED", message) from None
        raise _bad_signature() from None
    except ValueError:  # a header or body that is not UTF-8 or base64, or otherwise malformed
        raise _bad_signature() from None


def _bad_signature() -> RequestRefused:
    return RequestRefused(
        401,
        "BAD_SIGNATURE",
        "The webhook-signature does not match the body, webhook-id and webhook-timestamp."
        " Sign with a secret of EVENTS_INBOUND_SECRET.",
    )


def _parse(body: bytes) -> _SessionDocumented:
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, "BAD_REQUEST", "The request body must be JSON.") from None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("event"), str):
        raise RequestRefused(400, "BAD_REQUEST", 'The request body must be an object with the string "event".')
    if envelope["event"] != DOCUMENTED:
        raise RequestRefused(422, "UNKNOWN_EVENT", f"Unknown event. The only accepted event is {DOCUMENTED}.")
    try:
        return _SessionDocumented.model_validate(envelope)
    except ValidationError as error:
        # Only the fields: pydantic's messages may quote values.
        fields = [".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)]
    raise RequestRefused(400, "BAD_REQUEST", f"These fields are missing or invalid: {', '.join(fields)}.")


def _request_refused(refusal: Refusal) -> RequestRefused:
    if refusal.faults[0].code == FaultCode.NOT_FOUND:
        return RequestRefused(404, "UNKNOWN_SESSION", "The organization has no session with this schedule_id.")
    code = "SESSION_NOT_STARTED" if isinstance(refusal, NotStarted) else refusal.faults[0].code.value
    return RequestRefused(409, code, refusal.faults[0].message)
