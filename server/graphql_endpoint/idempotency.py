"""The Idempotency-Key header: a request with mutations that is sent again does nothing again, and is answered the same.

By draft-ietf-httpapi-idempotency-key-header-07: the key is a string of structured fields (RFC 8941 section 3.3.3); 400
where it is not, 422 where it comes with another body, 409 while the first request is still at work.
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
    Answer,
    Claim,
    KeyReused,
    StillRunning,
    claim_request,
    release,
    store_answer,
)
from db.transactions.lock_queue import Ticket
from db.transactions.unit_of_work import UnitOfWork
from resolvers.context import Context
from server.graphql_endpoint.request import GraphQLRequest
from server.responses.errors import ErrorCode

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
WAIT_SECONDS: Final = 10.0
"""How long a repeat waits for the request that it repeats."""
_POLL_SECONDS: Final = 0.2
_LONGEST: Final = 255
_TRIES: Final = 3
_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"(?:;[^,]*)?', re.ASCII)  # it may have parameters
_BARE: Final = re.compile(r"[!#-+\--:<-\[\]-~]+", re.ASCII)  # what is visible, but for " , ; and \
# Answers that ask to try again are not the answer to keep.
_PASSING: Final = frozenset(
    {ErrorCode.BUSY, ErrorCode.IDEMPOTENCY_KEY_IN_USE, ErrorCode.INTERNAL_SERVER_ERROR, ErrorCode.UNAVAILABLE}
)
Decided = TypeVar("Decided")

_log = logging.getLogger("group_sessions.faults")


class IdempotencyRefusal(Exception):
    """A request that its Idempotency-Key forbids; it answers with this status, code and words."""

    def __init__(self, status: int, code: ErrorCode, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def read_key(headers: Sequence[str]) -> str:
    """Return the key that the header's lines hold: "quoted", as the draft has it, or bare, as many clients send it.

    Raises:
        IdempotencyRefusal: 400, where they hold none, or several.
    """
    line = ",".join(headers).strip(" \t")
    if quoted := _QUOTED.fullmatch(line):
        key = re.sub(r"\\(.)", r"\1", quoted.group(1))
    else:
        key = line if _BARE.fullmatch(line) else ""
    if not 1 <= len(key) <= _LONGEST:
        raise IdempotencyRefusal(
            400,
            ErrorCode.BAD_REQUEST,
            f'{HEADER} must be one string of 1 to {_LONGEST} printable ASCII characters, such as "8e03978e-40d5".',
        )
    return key


def fingerprint(asked: GraphQLRequest) -> bytes:
    """Return a digest of what a request asks for."""
    # What is asked for, not its spelling: the order of keys, and spaces, do not make it another request.
    body = {"query": asked.query, "variables": asked.variables or {}, "operationName": asked.operation_name}
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


async def once(
    headers: Headers,
    asked: GraphQLRequest,
    context: Context,
    execute: Callable[[], Awaitable[Response]],
) -> Response:
    """Return the answer that a mutation with an Idempotency-Key had before; else executes the request.

    Args:
        headers: The request's headers.
        asked: The request, which runs a mutation. A query may be run as often as one likes: its header is ignored.
        context: Who asks.
        execute: Executes the request, with the context.

    Raises:
        IdempotencyRefusal: 400 for a malformed key, 422 where it belongs to another body, 409 while another attempt is
            at work, 403 where the caller has lost a permission since.
    """
    lines = headers.getlist(HEADER)
    if not lines:
        return await execute()
    key = read_key(lines)
    ticket = Ticket(context.clinic.lock_queue)
    try:
        claimed = await _claimed(key, asked, context, ticket)
        if isinstance(claimed, Answer):
            return await _replay(claimed, context)
        context.claim = claimed
        try:
            response = await execute()
        except Exception:
            await _settle(context, claimed, None)
            raise
        await _settle(context, claimed, response)
        return response
    finally:
        ticket.release()


async def _claimed(key: str, asked: GraphQLRequest, context: Context, ticket: Ticket) -> Claim | Answer:
    """Wait for those who came first: of this process in line, of others by asking."""
    deadline = time.monotonic() + WAIT_SECONDS
    caller, attempt, digest = context.caller, context.clinic.new_id(), fingerprint(asked)
    try:
        await ticket.wait(("request", caller.organization_id, caller.subject, key), WAIT_SECONDS)
    except Busy:
        raise _in_use() from None
    while True:
        try:
            return await _surely(context, lambda work: claim_request(work, attempt, key, digest, caller.permissions))
        except KeyReused:
            raise IdempotencyRefusal(
                422,
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                f"This {HEADER} was used for another request: take a new one for each request.",
            ) from None
        except StillRunning:
            if time.monotonic() > deadline:
                raise _in_use() from None
        await asyncio.sleep(random.uniform(0.5, 1) * _POLL_SECONDS)  # noqa: S311 - nothing secret


async def _replay(answer: Answer, context: Context) -> Response:
    if not answer.permissions <= context.caller.permissions:
        raise IdempotencyRefusal(
            403, ErrorCode.FORBIDDEN, "The answer was given for permissions that you no longer hold."
        )
    context.disclosures.add(answer.patient_ids)
    await context.record_disclosures()
    headers = {"Content-Type": answer.media_type, "Cache-Control": "no-store", REPLAYED: "true"}
    return Response(answer.body, answer.status, headers)


async def _settle(context: Context, claim: Claim, response: Response | None) -> None:
    """Keep the answer, or, where it asks to try again, lets a repeat go on at once."""
    try:
        if response is None or _is_passing(response):
            await _surely(context, lambda work: release(work, claim))
            return
        answer = Answer(
            response.status_code,
            response.headers["Content-Type"],
            bytes(response.body),
            frozenset(context.caller.permissions),
            context.disclosures.recorded,
        )
        await _surely(context, lambda work: store_answer(work, claim, answer))
    except Exception as fault:
        if classify_fault(fault) is None:
            raise
        # What was done is known as done all the same: a repeat is answered once the lease has ended.
        fields = {"request_id": context.correlation_id}
        _log.warning("an answer could not be kept", exc_info=fault, extra={"fields": fields})


async def _surely(context: Context, decide: Callable[[UnitOfWork], Awaitable[Decided]]) -> Decided:
    """Run what may be run twice: also where a commit before it ended nobody knows how."""
    for _ in range(_TRIES - 1):
        with suppress(OutcomeUnknown):
            return await context.transact(decide)
    return await context.transact(decide)


def _is_passing(response: Response) -> bool:
    errors = orjson.loads(response.body).get("errors", ())
    return any(each["extensions"]["code"] in _PASSING for each in errors)


def _in_use() -> IdempotencyRefusal:
    return IdempotencyRefusal(
        409,
        ErrorCode.IDEMPOTENCY_KEY_IN_USE,
        f"The first request with this {HEADER} is still at work: try again in a moment.",
        {"Retry-After": "5"},
    )
