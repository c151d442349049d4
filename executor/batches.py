"""Completing values by a region: what is compiled first, then its batches, level by level.

A long list is completed in parts, and other requests get their turn in between.
"""

import asyncio
import time
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Protocol

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    StringValueNode,
    VariableNode,
    get_nullable_type,
    specified_scalar_types,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import AwaitableOrValue

from executor.bailout import Bailout
from executor.extensions import Lookahead, LookaheadField
from executor.plan import SelectedField
from executor.region import BatchOfRegion, Region, State, Write
from executor.rows import RowList

Values = Sequence[Any] | RowList
# For each batch of a region its values, where they are known before it is resolved; empty where those of none are.
Known = Sequence[Sequence[Any] | None]

# Values completed before looking at the clock, at most. Each may be a list of its own: how many, follows from the time
# that the last ones took.
_PART: Final = 32
# Values completed at first, of which it is not known yet how long they take. A list no longer is completed at once.
_FIRST: Final = 4
# Of so few objects, batches are resolved one after another: tasks of their own would cost more than they bring.
_FEW: Final = 4
# How long, in seconds, the event loop may be kept before others get their turn.
_TURN: Final = 0.005
_PLAIN_LITERALS: Final = (IntValueNode, FloatValueNode, StringValueNode, BooleanValueNode, EnumValueNode, NullValueNode)


class Execution(Protocol):
    """What completing looks at of an execution. graphql-core's executor has it all."""

    schema: GraphQLSchema
    variable_values: VariableValues
    context_value: Any
    hide_suggestions: bool


def complete_one(execution: Execution, region: Region, value: Any) -> AwaitableOrValue[dict[str, Any]]:
    """Complete an object. Raises Bailout, or what resolving has raised; so does what it gives to await."""
    if region.batches:
        return _first(execution, region, value)
    completed: dict[str, Any] = region.read([value], _state(execution, region))[0]
    return completed


def complete_many(execution: Execution, region: Region, values: Values) -> AwaitableOrValue[list[Any]]:
    """Complete a list of objects. Raises as above."""
    if region.batches or len(values) > _FIRST:
        return _complete(execution, region, values)
    completed: list[Any] = region.read(values, _state(execution, region))
    return completed


async def _first(execution: Execution, region: Region, value: Any) -> dict[str, Any]:
    state = _state(execution, region)
    completed: dict[str, Any] = region.read([value], state)[0]
    await _fill_all(execution, region, state, ())
    return completed


async def _complete(
    execution: Execution,
    region: Region,
    values: Values,
    write: Write | None = None,
    foreseen: Known = (),
) -> list[Any]:
    state = _state(execution, region)
    if len(values) <= _FIRST:
        completed: list[Any] = region.read(values, state)
        if write and not region.batches:
            completed = list(map(write, completed))
    else:
        completed = await _read(region, values, state, None if region.batches else write)
    if region.batches:
        await _fill_all(execution, region, state, foreseen)
        if write:
            await _write(write, completed)  # only now is it whole
    return completed


async def _read(region: Region, values: Values, state: State, write: Write | None) -> list[Any]:
    completed: list[Any] = []
    began = time.perf_counter()
    turn, size = began + _TURN, _FIRST
    while len(completed) < len(values):
        part = region.read(values[len(completed) : len(completed) + size], state)
        completed += map(write, part) if write else part
        took = time.perf_counter() - began
        if took < _TURN / 4:
            size = min(size * 2, _PART)
        elif took > _TURN:
            size = max(size // 2, 1)
        turn = await _turn(turn)
        began = time.perf_counter()
    return completed


async def _fill_all(execution: Execution, region: Region, state: State, foreseen: Known) -> None:
    waiting = []
    for number, batch in enumerate(region.batches):
        known = foreseen[number] if foreseen else None
        if known is not None and not batch.region.batches and len(known) <= _FIRST:
            _put(batch, state, _completed(execution, batch, known))
        elif state[batch.keys]:
            waiting.append((batch, known))
    if len(waiting) == 1 or all(len(state[batch.keys]) <= _FEW for batch, _ in waiting):
        for batch, values in waiting:
            await _fill(execution, batch, state, values)
        return
    # Lists with nothing to get below them come last: while they are completed, what is below the others can be got.
    waiting.sort(key=lambda each: each[0].write is not None and not each[0].region.batches)
    # All are let come to their end, whatever becomes of one: to cancel a statement may cost the transaction.
    filling = (_fill(execution, batch, state, values) for batch, values in waiting)
    for outcome in await asyncio.gather(*filling, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _write(write: Write, completed: list[Any]) -> None:
    turn = time.perf_counter() + _TURN
    for start in range(0, len(completed), _PART):
        turn = await _turn(turn)
        completed[start : start + _PART] = map(write, completed[start : start + _PART])


async def _turn(until: float) -> float:
    """Let others have their turn where this one is over. Tells until when the turn lasts."""
    if time.perf_counter() <= until:
        return until
    await asyncio.sleep(0)
    return time.perf_counter() + _TURN


async def _fill(execution: Execution, batch: BatchOfRegion, state: State, known: Sequence[Any] | None) -> None:
    """Resolve a batch, unless its values are known already, and put its completed values in their places."""
    keys, places, name = state[batch.keys], state[batch.places], batch.selected.name
    mark = batch.many.batch
    if mark.by is None or known is not None:
        foreseen: Known = ()
        if known is None:
            known, foreseen = await _resolve(execution, batch, keys)
        _put(batch, state, await _complete(execution, batch.region, known, batch.write, foreseen))
        return
    wanted = list(dict.fromkeys(keys))
    if None in wanted:
        wanted.remove(None)
        found, _ = await _resolve(execution, batch, wanted)
        values: Sequence[Any] = [*found, None]
        wanted.append(None)
    else:
        values, _ = await _resolve(execution, batch, wanted)
    by_key = dict(zip(wanted, await _complete(execution, batch.region, values, batch.write), strict=True))
    for place, key in zip(places, keys, strict=True):
        place[name] = by_key[key]


def _completed(execution: Execution, batch: BatchOfRegion, values: Sequence[Any]) -> list[Any]:
    completed: list[Any] = batch.region.read(values, _state(execution, batch.region))
    return completed if batch.write is None else list(map(batch.write, completed))


def _put(batch: BatchOfRegion, state: State, completed: list[Any]) -> None:
    """Put a batch's completed values in their places, one for each parent."""
    places, name = state[batch.places], batch.selected.name
    if len(places) != len(completed):
        raise Bailout("more or fewer values than were asked for")
    for place, value in zip(places, completed, strict=True):
        place[name] = value


async def _resolve(execution: Execution, batch: BatchOfRegion, wanted: list[Any]) -> tuple[Sequence[Any], Known]:
    if not wanted:
        return (), ()
    mark, arguments = batch.many.batch, _arguments_of_batch(execution, batch)
    if mark.pass_lookahead:
        below = _below(execution, batch)
        resolved: tuple[Sequence[Any], Known] = await mark.resolve_many(
            wanted, execution.context_value, **arguments, lookahead=below
        )
        _check_length(resolved[0], wanted)
        return resolved
    values: Sequence[Any] = await mark.resolve_many(wanted, execution.context_value, **arguments)
    _check_length(values, wanted)
    if len(wanted) > _FEW:
        # The batches beside this one can send their statements before this one's values are completed.
        await asyncio.sleep(0)
    return values, ()


def _check_length(values: Sequence[Any], wanted: Sequence[Any]) -> None:
    if len(values) != len(wanted):
        raise Bailout("more or fewer values than were asked for")


def _state(execution: Execution, region: Region) -> State:
    state: State = [[] for _ in range(region.size)]
    for place, selected, call in region.calls:
        state[place] = call.prepared(_arguments(execution, selected))
    return state


def _below(execution: Execution, batch: BatchOfRegion) -> Lookahead:
    if batch.lookahead is not None:
        return batch.lookahead
    below = Lookahead(tuple(_asked(execution, each) for each in batch.region.batches), batch.alone)
    if _is_fixed(batch.region):
        batch.lookahead = below
    return below


def _asked(execution: Execution, batch: BatchOfRegion) -> LookaheadField:
    fields = tuple(_asked(execution, each) for each in batch.region.batches)
    return LookaheadField(batch.many.batch, _arguments_of_batch(execution, batch), batch.of_values, fields)


def _is_fixed(region: Region) -> bool:
    return all(
        batch.arguments is not None and not batch.variables and _is_fixed(batch.region) for batch in region.batches
    )


def _arguments_of_batch(execution: Execution, batch: BatchOfRegion) -> dict[str, Any]:
    known = batch.arguments
    if known is not None:
        if not batch.variables:
            return known
        coerced = execution.variable_values.coerced
        values = {name: coerced.get(variable) for name, variable in batch.variables.items()}
        if None not in values.values():
            return {**known, **values}
    arguments = _arguments(execution, batch.selected)
    if batch.many.batch.pass_selected:
        arguments["selected"] = batch.attributes
    if known is None:
        _note_arguments(execution, batch, arguments)
    return arguments


def _note_arguments(execution: Execution, batch: BatchOfRegion, arguments: dict[str, Any]) -> None:
    """Note the arguments, where they are the same for every request but for variables that are given as they come."""
    selected, coerced = batch.selected, execution.variable_values.coerced
    names = selected.field.names_of_arguments(execution.schema)
    variables: dict[str, str] = {}
    for argument in selected.details.node.arguments or ():
        schema_name, value = argument.name.value, argument.value
        if isinstance(value, VariableNode):
            kind, name = selected.definition.args[schema_name].type, names[schema_name]
            variables[name] = value.name.value
            # Of a builtin scalar no value is another thing to the resolver than the next.
            given = arguments.get(name)
            as_it_comes = given is not None and given is coerced.get(value.name.value)
            if not as_it_comes or get_nullable_type(kind) not in specified_scalar_types.values():
                return
        elif not isinstance(value, _PLAIN_LITERALS):
            return
    # What is made of an object is each request's own.
    made = (value for name, value in arguments.items() if name != "selected")
    if all(isinstance(value, str | int | float | Enum | None) for value in made):
        batch.variables, batch.arguments = variables, arguments


def _arguments(execution: Execution, selected: SelectedField) -> dict[str, Any]:
    definition, details = selected.definition, selected.details
    if not definition.args:
        return {}
    values = get_argument_values(definition, details.node, execution.variable_values, None, execution.hide_suggestions)
    return selected.field.converted(execution.schema, values)
