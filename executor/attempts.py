"""Attempts: completing a query, an object or a list by its region, with the errors of its fields."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from graphql import ExecutionResult, GraphQLError
from graphql.pyutils import AwaitableOrValue, Path

from executor.bailout import Bailout
from executor.batches import Values, complete_many, complete_one
from executor.execution_context import ExecutionContext
from executor.located_errors import replace_failures, replace_failures_of_query
from executor.region import Region

Completed = TypeVar("Completed")


class _Root:
    """Stands for the root value, which compiled code never uses."""

    __slots__ = ()


_ROOT: Final = _Root()


async def complete_query(context: ExecutionContext, query: Region) -> ExecutionResult:
    """Return the result of a whole query. Raise any exception if graphql-core must execute it."""
    completed: Any = complete_one(context, query, _ROOT)
    data = await completed if isinstance(completed, Coroutine) else completed
    if not context.has_errors:
        return ExecutionResult(data, None)
    data, errors = replace_failures_of_query(context, query.shape, data)
    return ExecutionResult(data, errors or None)


def complete_object(
    context: ExecutionContext, region: Region, value: Any, path: Path, errors: list[GraphQLError]
) -> AwaitableOrValue[dict[str, Any]]:
    """Complete an object of a query that graphql-core executes, and add the errors of its fields.

    Raise Bailout if graphql-core must complete it; awaiting the result may raise the same.
    """

    def finish(completed: dict[str, Any]) -> dict[str, Any]:
        if context.has_errors:
            errors.extend(replace_failures(context, region.shape, [completed], [path]))
        return completed

    return _finished(lambda: complete_one(context, region, value), finish)


def complete_list(
    context: ExecutionContext, region: Region, values: Values, path: Path, errors: list[GraphQLError]
) -> AwaitableOrValue[list[Any]]:
    """Complete a list of objects as `complete_object` does one."""

    def finish(completed: list[Any]) -> list[Any]:
        if context.has_errors:
            places = [(path, index) for index in range(len(completed))]
            errors.extend(replace_failures(context, region.shape, completed, places))
        return completed

    return _finished(lambda: complete_many(context, region, values), finish)


def _finished(
    complete: Callable[[], AwaitableOrValue[Completed]], finish: Callable[[Completed], Completed]
) -> AwaitableOrValue[Completed]:
    with _bailing_out():
        completed: Any = complete()
        if not isinstance(completed, Coroutine):
            return finish(completed)

    async def finished() -> Completed:
        with _bailing_out():
            return finish(await completed)

    return finished()


@contextmanager
def _bailing_out() -> Iterator[None]:
    """Turn any exception into a Bailout, so that it is not reported as an error of a field."""
    try:
        yield
    except Exception as exception:  # graphql-core meets the same error and reports it
        raise Bailout("a region failed") from exception
