"""POST /events: what other modules tell us, signed by the Standard Webhooks specification.

One event is taken: `group_session_documented` of CL-14, which completes a session. It triggers nothing else.
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
from resolvers.caller import Caller
from resolvers.commands.sessions import complete_occurrence
from resolvers.context import Clinic, Context
from server.middleware.request_id import request_id
from server.responses.json_responses import RequestRefused, json_response, refusal_response
from server.responses.request_record import RequestRecord, record_of
from server.settings.webhook_secrets import WebhookSecrets

DOCUMENTED: Final = "group_session_documented"
LONGEST_BODY: Final = 65_536
"""Bytes; it is read before anybody is known to have sent it."""
UNNAMED_ACTOR: Final = "CL-14"
"""Who history says it was where the event names no user."""

# No control characters, NUL and halves of surrogate pairs among them.
_Text = StringConstraints(strict=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")
_Id64 = Annotated[str, _Text, StringConstraints(max_length=64)]
_Id255 = Annotated[str, _Text, StringConstraints(max_length=255)]


class _Payload(BaseModel):
    schedule_id: _Id64


class _Metadata(BaseModel):
    organization_id: _Id64
    user_id: _Id255 | None = None
    correlation_id: str | None = None


class _Documented(BaseModel):
    model_config = ConfigDict(strict=True)

    event: Literal["group_session_documented"]
    payload: _Payload
    metadata: _Metadata


class InboundEvents:
    """The ASGI app of the endpoint."""

    def __init__(self, clinic: Clinic, secret: str | None) -> None:
        """Take the clinic and the secrets of senders, as the setting has them; without any, all get 404."""
        self._clinic = clinic
        self._signature = None if secret is None else WebhookSecrets(secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        record = record_of(scope)
        try:
            response = await self._answer(Request(scope, receive), record)
        except RequestRefused as refusal:
            response = refusal_response(refusal, record)
        except ClientDisconnect:
            record.outcome = "DISCONNECTED"
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, record: RequestRecord) -> Response:
        if self._signature is None:
            raise RequestRefused(404, "NOT_FOUND", "This server takes no events: EVENTS_INBOUND_SECRET is not set.")
        if request.method != "POST":
            raise RequestRefused(405, "METHOD_NOT_ALLOWED", "Use POST.", headers={"Allow": "POST"})
        body = await _body(request)
        _verify(self._signature, body, request.headers)
        told = _read(body)
        record.operation_name = told.event
        record.organization_id = told.metadata.organization_id
        actor = told.metadata.user_id or UNNAMED_ACTOR
        record.caller_id = actor
        # The id that goes through all modules, where they tell a valid one.
        correlation_id = request_id(told.metadata.correlation_id or record.request_id)
        caller = Caller(actor, told.metadata.organization_id, frozenset())
        try:
            session = await complete_occurrence(Context(self._clinic, caller, correlation_id), told.payload.schedule_id)
        except Refusal as refusal:
            raise _as_request_refused(refusal) from None
        return json_response({"schedule_id": str(session.id), "status": session.status.value}, 200, record)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise RequestRefused(413, "BODY_TOO_LARGE", f"The body may have at most {LONGEST_BODY} bytes.")
    return bytes(body)


def _verify(signature: WebhookSecrets, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        signature.verify(body, headers)
    except WebhookVerificationError as fault:
        if re.search(r"too (old|new)", str(fault)):
            message = "The webhook-timestamp is more than 5 minutes off: sign each try anew, and check the clocks."
            raise RequestRefused(401, "TIMESTAMP_REFUSED", message) from None
        raise _bad_signature() from None
    except ValueError:  # headers and bodies that are no text, no base64, or of another form
        raise _bad_signature() from None


def _bad_signature() -> RequestRefused:
    return RequestRefused(
        401,
        "BAD_SIGNATURE",
        "The headers webhook-id, webhook-timestamp and webhook-signature do not sign this body with our secret.",
    )


def _read(body: bytes) -> _Documented:
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, "BAD_REQUEST", "The body is not JSON.") from None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("event"), str):
        raise RequestRefused(400, "BAD_REQUEST", 'The body must be an object that names its "event".')
    if envelope["event"] != DOCUMENTED:
        raise RequestRefused(422, "UNKNOWN_EVENT", f"The event that is taken here is {DOCUMENTED}.")
    try:
        return _Documented.model_validate(envelope)
    except ValidationError as error:
        # Places alone: messages would repeat what was sent.
        places = [".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)]
    raise RequestRefused(400, "BAD_REQUEST", f"These are missing or not as they must be: {', '.join(places)}.")


def _as_request_refused(refusal: Refusal) -> RequestRefused:
    if refusal.faults[0].code == FaultCode.NOT_FOUND:
        return RequestRefused(404, "UNKNOWN_SESSION", "The organization has no session with this schedule_id.")
    return RequestRefused(409, refusal.faults[0].code.value, refusal.faults[0].message)
