"""Completing values by a region: what is compiled first, then its batches, level by level.

A long list is completed in parts, and other requests get their turn in between.
"""

import asyncio
import time
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

from graphql import BooleanValueNode, EnumValueNode, FloatValueNode, IntValueNode, NullValueNode, StringValueNode
from graphql.execution import Executor
from graphql.execution.values import get_argument_values
from graphql.pyutils import AwaitableOrValue

from schema.execution.errors import GivenUp
from schema.execution.plan import SelectedField
from schema.execution.region import BatchOfRegion, Region, State, Write
from schema.execution.rows import RowList

Values = Sequence[Any] | RowList

# Values completed before looking at the clock. Each may be a list of its own.
_PART: Final = 32
# Of so few objects, batches are resolved one after another: tasks of their own would cost more than they bring.
_FEW: Final = 4
# How long, in seconds, the event loop may be kept before others get their turn.
_TURN: Final = 0.005
_PLAIN_LITERALS: Final = (IntValueNode, FloatValueNode, StringValueNode, BooleanValueNode, EnumValueNode, NullValueNode)


def complete_one(executor: Executor[Any], region: Region, value: Any) -> AwaitableOrValue[dict[str, Any]]:
    """Completes an object. Raises GivenUp, or what resolving has raised; so does what it gives to await."""
    if region.batches:
        return _first(executor, region, value)
    completed: dict[str, Any] = region.read([value], _state(executor, region))[0]
    return completed


def complete_many(executor: Executor[Any], region: Region, values: Values) -> AwaitableOrValue[list[Any]]:
    """Completes a list of objects. Raises as above."""
    if region.batches or len(values) > _PART:
        return _complete(executor, region, values)
    completed: list[Any] = region.read(values, _state(executor, region))
    return completed


async def _first(executor: Executor[Any], region: Region, value: Any) -> dict[str, Any]:
    completed: dict[str, Any] = (await _complete(executor, region, [value]))[0]
    return completed


async def _complete(executor: Executor[Any], region: Region, values: Values, write: Write | None = None) -> list[Any]:
    state = _state(executor, region)
    completed: list[Any] = []
    turn = time.perf_counter() + _TURN
    for start in range(0, len(values), _PART):
        turn = await _turn(turn)
        part = region.read(values[start : start + _PART], state)
        completed += map(write, part) if write and not region.batches else part
    waiting = [batch for batch in region.batches if state[batch.keys]]
    # Lists with nothing to get below them come last: while they are completed, what is below the others can be got.
    waiting.sort(key=lambda batch: batch.write is not None and not batch.region.batches)
    if len(waiting) == 1 or all(len(state[batch.keys]) <= _FEW for batch in waiting):
        for batch in waiting:
            await _fill(executor, batch, state)
    else:
        # All are let come to their end, whatever becomes of one: to cancel a statement may cost the transaction.
        outcomes = await asyncio.gather(*(_fill(executor, each, state) for each in waiting), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
    if write and region.batches:
        await _write(write, completed)  # only now is it whole
    return completed


async def _write(write: Write, completed: list[Any]) -> None:
    turn = time.perf_counter() + _TURN
    for start in range(0, len(completed), _PART):
        turn = await _turn(turn)
        completed[start : start + _PART] = map(write, completed[start : start + _PART])


async def _turn(until: float) -> float:
    """Lets others have their turn where this one is over. Tells until when the turn lasts."""
    if time.perf_counter() <= until:
        return until
    await asyncio.sleep(0)
    return time.perf_counter() + _TURN


async def _fill(executor: Executor[Any], batch: BatchOfRegion, state: State) -> None:
    """Resolves a batch, and puts its completed values in their places."""
    keys, places, name = state[batch.keys], state[batch.places], batch.selected.name
    arguments = _arguments_of_batch(executor, batch)
    if batch.many.batch.by is None:
        values = await _resolve(executor, batch, keys, arguments)
        completed = await _complete(executor, batch.region, values, batch.write)
        for place, value in zip(places, completed, strict=True):
            place[name] = value
        return
    wanted = list(dict.fromkeys(keys))
    if None in wanted:
        wanted.remove(None)
        values = [*await _resolve(executor, batch, wanted, arguments), None]
        wanted.append(None)
    else:
        values = await _resolve(executor, batch, wanted, arguments)
    by_key = dict(zip(wanted, await _complete(executor, batch.region, values, batch.write), strict=True))
    for place, key in zip(places, keys, strict=True):
        place[name] = by_key[key]


async def _resolve(
    executor: Executor[Any], batch: BatchOfRegion, wanted: list[Any], arguments: dict[str, Any]
) -> Sequence[Any]:
    if not wanted:
        return ()
    values = await batch.many.batch.resolve_many(wanted, executor.context_value, **arguments)
    if len(values) != len(wanted):
        raise GivenUp("more or fewer values than were asked for")
    if len(wanted) > _FEW:
        # The batches beside this one can send their statements before this one's values are completed.
        await asyncio.sleep(0)
    return values


def _state(executor: Executor[Any], region: Region) -> State:
    state: State = [[] for _ in range(region.size)]
    for place, selected, call in region.calls:
        state[place] = call.prepared(_arguments(executor, selected))
    return state


def _arguments_of_batch(executor: Executor[Any], batch: BatchOfRegion) -> dict[str, Any]:
    if batch.arguments is not None:
        return batch.arguments
    arguments = _arguments(executor, batch.selected)
    # Literals are the same for every request. What is made of an object is each request's own, though.
    given = batch.selected.details.node.arguments or ()
    fixed = all(isinstance(each.value, _PLAIN_LITERALS) for each in given)
    fixed = fixed and all(isinstance(value, str | int | float | Enum | None) for value in arguments.values())
    if batch.many.batch.selects:
        arguments["selected"] = batch.attributes
    if fixed:
        batch.arguments = arguments
    return arguments


def _arguments(executor: Executor[Any], selected: SelectedField) -> dict[str, Any]:
    definition, details = selected.definition, selected.details
    if not definition.args:
        return {}
    values = get_argument_values(definition, details.node, executor.variable_values, None, executor.hide_suggestions)
    return selected.field.converted(executor.schema, values)
