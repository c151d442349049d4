"""The Idempotency-Key header: a repeated mutation changes nothing and gets the first response again.

It follows draft-ietf-httpapi-idempotency-key-header-07. The key is a string of structured fields (RFC 8941 section
3.3.3). The status is 400 for a malformed key, 422 for a key that was used with another request body, and 409 while the
first request is still running.
"""

import asyncio
import hashlib
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from db.connections.faults import Busy, OutcomeUnknown, classify_fault
from db.stores.idempotency import (
    Claim,
    KeyReused,
    StillRunning,
    StoredResponse,
    claim_request,
    release,
    store_response,
)
from db.transactions.lock_queue import Ticket
from db.transactions.unit_of_work import UnitOfWork
from resolvers.context import Context
from server.graphql_endpoint.request import GraphQLRequest
from server.responses.errors import ErrorCode
from server.responses.json_responses import RequestRefused

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
WAIT_SECONDS: Final = 10.0
"""How long a repeated request waits for the first one."""
_POLL_SECONDS: Final = 0.2
_MAX_LENGTH: Final = 255
_MAX_ATTEMPTS: Final = 3
_QUOTED_KEY: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"(?:;[^,]*)?', re.ASCII)  # parameters may follow
_BARE_KEY: Final = re.compile(r"[!#-+\--:<-\[\]-~]+", re.ASCII)  # visible characters except " , ; and \
# Responses with one of these codes are not stored: a repeat should execute the request.
_TEMPORARY_CODES: Final = frozenset(
    {ErrorCode.BUSY, ErrorCode.IDEMPOTENCY_KEY_IN_USE, ErrorCode.INTERNAL_SERVER_ERROR, ErrorCode.UNAVAILABLE}
)
Result = TypeVar("Result")

_log = logging.getLogger("group_sessions.faults")


def read_key(lines: Sequence[str]) -> str:
    """Return the key from the lines of the header: quoted as in the draft, or bare as many clients send it.

    Raises:
        RequestRefused: 400 if the lines do not hold exactly one valid key.
    """
    value = ",".join(lines).strip(" \t")
    if quoted := _QUOTED_KEY.fullmatch(value):
        key = re.sub(r"\\(.)", r"\1", quoted.group(1))
    else:
        key = value if _BARE_KEY.fullmatch(value) else ""
    if not 1 <= len(key) <= _MAX_LENGTH:
        message = (
            f'{HEADER} must be one string of 1 to {_MAX_LENGTH} printable ASCII characters, such as "8e03978e-40d5".'
        )
        raise RequestRefused(400, ErrorCode.BAD_REQUEST, message)
    return key


def fingerprint(request: GraphQLRequest) -> bytes:
    """Return a digest of the request. It does not depend on white space or the order of keys in the JSON body."""
    body = {"query": request.query, "variables": request.variables or {}, "operationName": request.operation_name}
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


async def execute_once(
    headers: Headers,
    request: GraphQLRequest,
    context: Context,
    execute: Callable[[], Awaitable[Response]],
) -> Response:
    """Execute a mutation, or return its stored response if its Idempotency-Key was used before.

    Args:
        headers: The headers of the request.
        request: The request, which runs a mutation. Queries ignore the header, since they change nothing.
        context: The context of the request.
        execute: Executes the request with the context.

    Raises:
        RequestRefused: 400 for a malformed key, 403 if the caller has lost a permission since, 409 while another
            attempt is running, 422 if the key was used with another request body.
    """
    lines = headers.getlist(HEADER)
    if not lines:
        return await execute()
    key = read_key(lines)
    ticket = Ticket(context.clinic.lock_queue)
    try:
        claim = await _claim(key, request, context, ticket)
        if isinstance(claim, StoredResponse):
            return await _replay(claim, context)
        context.claim = claim
        try:
            response = await execute()
        except Exception:
            await _finish(context, claim, None)
            raise
        await _finish(context, claim, response)
        return response
    finally:
        ticket.release()


async def _claim(key: str, request: GraphQLRequest, context: Context, ticket: Ticket) -> Claim | StoredResponse:
    """Wait until the key is free: by a queue within this process, and by polling for other processes."""
    deadline = time.monotonic() + WAIT_SECONDS
    caller, attempt, digest = context.caller, context.clinic.new_id(), fingerprint(request)
    try:
        await ticket.wait(("request", caller.organization_id, caller.subject, key), WAIT_SECONDS)
    except Busy:
        raise _in_use() from None
    claimed = False

    async def claim(work: UnitOfWork) -> Claim | StoredResponse:
        nonlocal claimed
        result = await claim_request(work, attempt, key, digest, caller.permissions)
        claimed = True
        return result

    while True:
        try:
            return await _transact(context, claim)
        except KeyReused:
            message = f"This {HEADER} was used for a different request. Use a new key for each request."
            raise RequestRefused(422, ErrorCode.IDEMPOTENCY_KEY_REUSED, message) from None
        except StillRunning:
            if time.monotonic() > deadline:
                raise _in_use() from None
        except Exception as fault:
            if claimed and classify_fault(fault) is not None:
                _release_later(context, Claim(key, attempt))  # the claim may be stored
            raise
        await asyncio.sleep(random.uniform(0.5, 1) * _POLL_SECONDS)  # noqa: S311 - nothing secret


async def _replay(stored: StoredResponse, context: Context) -> Response:
    if not stored.permissions <= context.caller.permissions:
        message = "The stored response needs permissions that you no longer have."
        raise RequestRefused(403, ErrorCode.FORBIDDEN, message)
    context.disclosures.add(stored.patient_ids)
    await context.record_disclosures()
    headers = {"Content-Type": stored.media_type, "Cache-Control": "no-store", REPLAYED_HEADER: "true"}
    return Response(stored.body, stored.status, headers)


async def _finish(context: Context, claim: Claim, response: Response | None) -> None:
    """Store the response. If there is none, or it has a temporary error or a secret, release the claim for a repeat.

    The repeat finds the steps that are done, without the secret.
    """
    try:
        if response is None or _is_temporary(response) or context.has_secret:
            await _transact(context, lambda work: release(work, claim))
            return
        stored = StoredResponse(
            response.status_code,
            response.headers["Content-Type"],
            bytes(response.body),
            frozenset(context.caller.permissions),
            context.disclosures.recorded,
        )
        await _transact(context, lambda work: store_response(work, claim, stored))
    except Exception as fault:
        if classify_fault(fault) is None:
            raise
        # The changes are stored with their steps, so a repeat can continue once the lease has ended.
        _release_later(context, claim)
        fields = {"request_id": context.correlation_id}
        _log.warning("a response could not be stored", exc_info=fault, extra={"fields": fields})


def _release_later(context: Context, claim: Claim) -> None:
    clinic, actor = context.clinic, context.actor
    clinic.late_releases.add(lambda: clinic.transact(actor, lambda work: release(work, claim)))


async def _transact(context: Context, decide: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
    """Run an idempotent transaction, and repeat it if the connection was lost during the commit."""
    for _ in range(_MAX_ATTEMPTS - 1):
        with suppress(OutcomeUnknown):
            return await context.transact(decide)
    return await context.transact(decide)


def _is_temporary(response: Response) -> bool:
    errors = orjson.loads(response.body).get("errors", ())
    return any(error["extensions"]["code"] in _TEMPORARY_CODES for error in errors)


def _in_use() -> RequestRefused:
    message = f"The first request with this {HEADER} is still running. Try again in a moment."
    return RequestRefused(409, ErrorCode.IDEMPOTENCY_KEY_IN_USE, message, headers={"Retry-After": "5"})
