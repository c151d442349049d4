"""The shape of every use case that changes something: load, decide, store, in one transaction that may be run again."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from db.unit_of_work import UnitOfWork
from resolvers.context import Context

Arguments = ParamSpec("Arguments")
Decided = TypeVar("Decided")


def transaction(
    decide: Callable[Concatenate[UnitOfWork, Arguments], Awaitable[Decided]],
) -> Callable[Concatenate[Context, Arguments], Coroutine[Any, Any, Decided]]:
    """Makes a use case of a function that works in a transaction: called with a context, it runs in one of its own.

    Where transactions get in each other's way the function is run again from its start. So it keeps nothing but what
    it stores and gives back, and does nothing outside of its unit of work.
    """

    @wraps(decide)
    async def use_case(context: Context, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Decided:
        return await context.transact(lambda work: decide(work, *arguments, **named))

    return use_case
