"""Completing values by a region: first its compiled code, then its batch fields, level by level.

A value that fails is replaced by a `Failed`. `located_errors` turns it into null and errors.

A long list is completed in parts. Between the parts other requests can run on the event loop.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from graphql.pyutils import AwaitableOrValue

from executor.arguments import field_arguments, refused_value
from executor.bailout import Bailout
from executor.batch_calls import BatchFailed, PreloadedValues, check_length, resolve_aliases, resolve_or_fail
from executor.execution_context import ExecutionContext
from executor.failures import Failed, FieldFailure
from executor.fields import Call
from executor.recovery import complete_with_failures
from executor.region import BatchField, Encode, Region, State
from executor.rows import RowList

Values = Sequence[Any] | RowList
# A batch field to fill in, and the values that were loaded for it before, if any.
_Pending = tuple[BatchField, Sequence[Any] | None]

# The maximum number of values in a part. A value may contain a long list, so the actual number follows from the time
# that the previous part took.
_MAX_PART: Final = 32
# A part that took less than this share of the maximum time is followed by one that is larger by the inverse.
_GROWTH: Final = 4
# The number of values in the first part. A list that is not longer is completed in one part.
_FIRST_PART: Final = 4
# The maximum time, in seconds, for which the event loop is blocked.
_MAX_BLOCKING: Final = 0.005


def complete_one(context: ExecutionContext, region: Region, value: Any) -> AwaitableOrValue[dict[str, Any]]:
    """Complete an object. Raise Bailout or any other exception; awaiting the result may raise the same."""
    if region.batch_fields:
        return _complete_one(context, region, value)
    completed: dict[str, Any] = _complete(context, region, [value], _new_state(context, region))[0]
    return completed


def complete_many(context: ExecutionContext, region: Region, values: Values) -> AwaitableOrValue[list[Any]]:
    """Complete a list of objects. Raise the same exceptions as `complete_one`."""
    if region.batch_fields or len(values) > _FIRST_PART:
        return _complete_many(context, region, values)
    return _complete(context, region, values, _new_state(context, region))


async def _complete_one(context: ExecutionContext, region: Region, value: Any) -> dict[str, Any]:
    state = _new_state(context, region)
    completed: dict[str, Any] = _complete(context, region, [value], state)[0]
    await _fill_batch_fields(context, region, state, ())
    return completed


async def _complete_many(
    context: ExecutionContext,
    region: Region,
    values: Values,
    encode: Encode | None = None,
    preloaded: PreloadedValues = (),
) -> list[Any]:
    state = _new_state(context, region)
    if len(values) <= _FIRST_PART:
        completed, encoded = _complete_part(context, region, values, state, encode)
    else:
        completed, encoded = await _complete_in_parts(context, region, values, state, encode)
    if region.batch_fields:
        await _fill_batch_fields(context, region, state, preloaded)
        if encode and encoded < len(completed) and not context.has_errors:
            await _encode_in_parts(encode, completed, encoded)
    return completed


def _complete_part(
    context: ExecutionContext, region: Region, values: Values, state: State, encode: Encode | None
) -> tuple[list[Any], int]:
    """Complete a part of a list. Return the completed values and how many of them are encoded: all, or none."""
    completed = _complete(context, region, values, state)
    # Objects that wait for batch fields are encoded later. Rows may hold the records of batch fields.
    if encode is None or context.has_errors or any(state[slot] for slot in region.batch_slots):
        return completed, 0
    return list(map(encode, completed)), len(completed)


def _complete(context: ExecutionContext, region: Region, values: Values, state: State) -> list[Any]:
    """Complete a list of values by compiled code or, if one of them fails, one by one."""
    lengths = [(slot, len(state[slot])) for slot in region.batch_slots]
    try:
        completed: list[Any] = region.complete(values, state)
    except Exception:  # any resolver's
        for slot, length in lengths:
            del state[slot][length:]
        context.has_failures = True
        completed = complete_with_failures(region, values, state)
    return completed


async def _complete_in_parts(
    context: ExecutionContext, region: Region, values: Values, state: State, encode: Encode | None
) -> tuple[list[Any], int]:
    """Return the completed values, and how many of them, from the first, are encoded."""
    completed: list[Any] = []
    encoded = 0
    started = time.perf_counter()
    deadline, size = started + _MAX_BLOCKING, _FIRST_PART
    while len(completed) < len(values):
        values_of_part = values[len(completed) : len(completed) + size]
        part, encoded_now = _complete_part(context, region, values_of_part, state, encode)
        encoded += encoded_now
        completed += part
        duration = time.perf_counter() - started
        if duration < _MAX_BLOCKING / _GROWTH:
            size = min(size * _GROWTH, _MAX_PART)
        elif duration > _MAX_BLOCKING:
            size = max(size // 2, 1)
        deadline = await _yield_after(deadline)
        started = time.perf_counter()
    return completed, encoded


async def _encode_in_parts(encode: Encode, completed: list[Any], first: int) -> None:
    deadline = time.perf_counter() + _MAX_BLOCKING
    for start in range(first, len(completed), _MAX_PART):
        deadline = await _yield_after(deadline)
        completed[start : start + _MAX_PART] = map(encode, completed[start : start + _MAX_PART])


async def _yield_after(deadline: float) -> float:
    """Let other tasks run if the deadline has passed. Return the next deadline."""
    if time.perf_counter() <= deadline:
        return deadline
    await asyncio.sleep(0)
    return time.perf_counter() + _MAX_BLOCKING


async def _fill_batch_fields(
    context: ExecutionContext, region: Region, state: State, preloaded: PreloadedValues
) -> None:
    pending: list[_Pending] = []
    passed, refused = _by_guards(context, region)
    for field in refused:
        if state[field.keys_slot]:
            _assign(field, state, [refused_value(context, field.selected)] * len(state[field.keys_slot]))
    for index, field in enumerate(passed):
        values = preloaded[index] if preloaded else None
        if values is not None and not field.region.batch_fields and len(values) <= _FIRST_PART:
            _assign(field, state, _complete_few(context, field, values))
        elif state[field.keys_slot]:
            pending.append((field, values))
    if not pending:
        return
    if len(pending) == 1:
        [(field, values)] = pending
        await _fill_field(context, field, values, state)
        return
    # Lists without batches below them come last: while they are completed, the data below the others can be loaded.
    pending.sort(key=lambda item: item[0].encode is not None and not item[0].region.batch_fields)
    # They run at the same time, so that batches can load what they have in common together. All of them run to their
    # end, even if one fails: cancelling a statement could end the transaction.
    coroutines = [
        _fill_field(context, *fields[0], state) if len(fields) == 1 else _fill_fields(context, fields, state)
        for fields in (_by_region(pending) if region.shares_regions else [[item] for item in pending])
    ]
    for outcome in await asyncio.gather(*coroutines, return_exceptions=True):
        if outcome is not None:
            raise outcome


def _by_guards(context: ExecutionContext, region: Region) -> tuple[list[BatchField], list[BatchField]]:
    """Return the batch fields that the request may read, and those that a guard refuses."""
    if not context.refusals:
        return region.batch_fields, []
    passed: list[BatchField] = []
    refused: list[BatchField] = []
    for field in region.batch_fields:
        (passed if context.refusal(field.selected) is None else refused).append(field)
    return passed, refused


def _by_region(pending: list[_Pending]) -> Iterable[list[_Pending]]:
    groups: dict[int, list[_Pending]] = {}
    for item in pending:
        groups.setdefault(id(item[0].region), []).append(item)
    return groups.values()


async def _fill_fields(context: ExecutionContext, pending: list[_Pending], state: State) -> None:
    """Resolve batch fields that share a region, and complete their values together.

    The fields are of the query type and have one parent. Nothing is preloaded for them or for the fields below them.
    """
    resolved: list[BatchField] = []
    values: list[Any] = []
    for field, outcome in await resolve_aliases(context, [(field, state[field.keys_slot]) for field, _ in pending]):
        if isinstance(outcome, BatchFailed):
            _assign_failure(context, field, outcome, state)
        else:
            resolved.append(field)
            values.append(outcome)
    completed = await _complete_many(context, resolved[0].region, values) if resolved else []
    for field, value in zip(resolved, completed, strict=True):
        _assign(field, state, [value])


async def _fill_field(
    context: ExecutionContext, field: BatchField, preloaded: Sequence[Any] | None, state: State
) -> None:
    """Resolve a batch field, unless its values are preloaded, and assign the completed values to its objects."""
    try:
        await _complete_field(context, field, state, preloaded)
    except BatchFailed as failed:
        _assign_failure(context, field, failed, state)


def _assign_failure(context: ExecutionContext, field: BatchField, failed: BatchFailed, state: State) -> None:
    context.has_failures = True
    failure = Failed([FieldFailure((), failed.exception, field.selected.nodes)])
    _assign(field, state, [failure] * len(state[field.keys_slot]))


async def _complete_field(
    context: ExecutionContext, field: BatchField, state: State, preloaded: Sequence[Any] | None
) -> None:
    keys = state[field.keys_slot]
    if preloaded is not None:
        _assign(field, state, await _complete_many(context, field.region, preloaded, field.encode))
    elif field.batch.by is None:
        values, below = await resolve_or_fail(context, field, keys)
        _assign(field, state, await _complete_many(context, field.region, values, field.encode, below))
    else:
        unique = list(dict.fromkeys(keys))
        completed = await _complete_by_key(context, field, unique)
        if len(unique) < len(keys):
            by_key = dict(zip(unique, completed, strict=True))
            completed = [by_key[key] for key in keys]
        _assign(field, state, completed)


async def _complete_by_key(context: ExecutionContext, field: BatchField, keys: list[Any]) -> list[Any]:
    """Return the completed values of unique keys. The value of the key None is None."""
    with_null = None in keys
    try:
        values, _ = await resolve_or_fail(
            context, field, [key for key in keys if key is not None] if with_null else keys
        )
    except BatchFailed:
        if with_null:
            raise Bailout("the field may or may not fail for the key None") from None
        raise
    if with_null:
        values = list(values)
        values.insert(keys.index(None), None)
    return await _complete_many(context, field.region, values, field.encode)


def _complete_few(context: ExecutionContext, field: BatchField, values: Sequence[Any]) -> list[Any]:
    completed = _complete(context, field.region, values, _new_state(context, field.region))
    return completed if field.encode is None or context.has_errors else list(map(field.encode, completed))


def _assign(field: BatchField, state: State, completed: list[Any]) -> None:
    objects, name = state[field.objects_slot], field.selected.name
    check_length(completed, objects)
    for completed_object, value in zip(objects, completed, strict=True):
        completed_object[name] = value


def _new_state(context: ExecutionContext, region: Region) -> State:
    state: State = [[] for _ in range(region.slot_count)]
    for selected, slot in region.call_slots.items():
        kind = selected.field.kind
        if isinstance(kind, Call):
            state[slot] = kind.bind(field_arguments(context, selected))
    for selected, slot in region.guard_slots.items():
        state[slot] = refused_value(context, selected)
    if region.selections_slot is not None:
        state[region.selections_slot] = context.selections
    return state
