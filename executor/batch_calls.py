"""Calling the batches of fields: one call resolves a field for all parents of a level."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from executor.arguments import batch_arguments, lookahead_of
from executor.bailout import Bailout
from executor.execution_context import ExecutionContext
from executor.extensions import Batch, Lookahead
from executor.region import BatchField

# For each batch field of a region, the values that were loaded before it is resolved, or None. Empty if there are none.
PreloadedValues = Sequence[Sequence[Any] | None]

# With more objects than this, a batch lets the others of its level start before its values are completed.
_FEW_OBJECTS: Final = 4


class BatchFailed(Exception):
    """A batch has raised an exception, so its field fails for each parent."""

    def __init__(self, exception: Exception) -> None:
        self.exception = exception


async def resolve_or_fail(
    context: ExecutionContext, field: BatchField, keys: list[Any]
) -> tuple[Sequence[Any], PreloadedValues]:
    """Return the values of a batch field, and the values preloaded for the batch fields below it.

    Raise BatchFailed for an exception that all parents have in common, Bailout for any other.
    """
    if not keys:
        return (), ()
    arguments = batch_arguments(context, field)
    try:
        return await _resolve(context, field, keys, arguments)
    except Bailout:
        raise
    except Exception as exception:  # any resolver's
        if len(keys) > 1 and not await _fails_without_parents(context, field, arguments, exception):
            raise Bailout("the exception may be about one of the parents") from exception
        raise BatchFailed(exception) from exception


async def resolve_aliases(
    context: ExecutionContext, fields: Sequence[tuple[BatchField, list[Any]]]
) -> list[tuple[BatchField, Any]]:
    """Return the value, or a BatchFailed, of each of several fields that have one parent and the same fragments.

    Args:
        context: The execution.
        fields: The fields, each with its key.

    Raises:
        Bailout: Only graphql-core can tell which errors there are.
    """
    batch = fields[0][0].batch
    if batch.resolve_aliases is not None and all(field.batch is batch for field, _ in fields):
        with suppress(Exception):  # any resolver's; below, the alias that it is about fails
            arguments = [batch_arguments(context, field) for field, _ in fields]
            values = await batch.resolve_aliases(arguments, context.context_value)
            return [(field, value) for (field, _), value in zip(fields, values, strict=True)]
    calls = (resolve_or_fail(context, field, keys) for field, keys in fields)
    # All of them run to their end, even if one fails: cancelling a statement could end the transaction.
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    resolved: list[tuple[BatchField, Any]] = []
    for (field, _), outcome in zip(fields, outcomes, strict=True):
        if isinstance(outcome, BatchFailed):
            resolved.append((field, outcome))
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            resolved.append((field, outcome[0][0]))
    return resolved


def check_length(values: Sequence[Any], keys: Sequence[Any]) -> None:
    """Raise Bailout unless a batch has returned a value for each key."""
    if len(values) != len(keys):
        raise Bailout("the number of values differs from the number of keys")


async def _resolve(
    context: ExecutionContext, field: BatchField, keys: list[Any], arguments: dict[str, Any]
) -> tuple[Sequence[Any], PreloadedValues]:
    """Return the values of a batch field, and the values preloaded for the batch fields below it."""
    batch = field.batch
    values: Sequence[Any]
    if batch.pass_lookahead:
        try:
            resolved = await _resolve_ahead(context, batch, keys, arguments, lookahead_of(context, field))
        except Exception:  # any resolver's
            # It may be about a batch below. Without the lookahead it is about this one.
            nothing_ahead = Lookahead((), covers_query=False, is_only=False)
            values, _ = await _resolve_ahead(context, batch, keys, arguments, nothing_ahead)
            resolved = values, ()
        check_length(resolved[0], keys)
        return resolved
    values = await batch.resolve_many(keys, context.context_value, **arguments)
    check_length(values, keys)
    if len(keys) > _FEW_OBJECTS:
        # Other batches of this level can send their statements before these values are completed.
        await asyncio.sleep(0)
    return values, ()


async def _resolve_ahead(
    context: ExecutionContext, batch: Batch, keys: list[Any], arguments: dict[str, Any], lookahead: Lookahead
) -> tuple[Sequence[Any], PreloadedValues]:
    resolved: tuple[Sequence[Any], PreloadedValues] = await batch.resolve_many(
        keys, context.context_value, **arguments, lookahead=lookahead
    )
    return resolved


async def _fails_without_parents(
    context: ExecutionContext, field: BatchField, arguments: dict[str, Any], exception: Exception
) -> bool:
    """Return whether a batch raises an equal exception for no parents, for example because an argument is invalid."""
    try:
        await field.batch.resolve_many([], context.context_value, **arguments)
    except Exception as other:  # any resolver's
        return type(other) is type(exception) and other.args == exception.args
    return False
