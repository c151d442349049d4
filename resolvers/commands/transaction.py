"""The shape of every use case that changes something: load, decide, store, in one transaction that may be run again."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from db.transactions.unit_of_work import UnitOfWork
from domain.refusal import Refusal
from resolvers.commands.idempotent_steps import Steps
from resolvers.context import Context

Arguments = ParamSpec("Arguments")
Decided = TypeVar("Decided")


def transaction(
    decide: Callable[Concatenate[UnitOfWork, Arguments], Awaitable[Decided]],
) -> Callable[Concatenate[Context, Arguments], Coroutine[Any, Any, Decided]]:
    """Make a use case of a function that works in a transaction: called with a context, it runs in one of its own.

    Where transactions get in each other's way the function is run again from its start. So it keeps nothing but what
    it stores and gives back, and does nothing outside of its unit of work. Where the request has an Idempotency-Key,
    what it gives back is kept as well, as JSON, until the request is answered. Whose enrollments the answer tells is
    recorded in the same transaction, where that is all that the request reads (see `Context.record_along`).
    """
    steps: Steps[Decided] = Steps(decide)

    @wraps(decide)
    async def use_case(context: Context, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Decided:
        recorded: frozenset[str] = frozenset()

        async def run(work: UnitOfWork) -> Decided:
            nonlocal recorded
            decided = await decide(work, *arguments, **named)
            recorded = context.record_along(work, decided)
            return decided

        try:
            if context.claim is None:
                decided = await context.transact(run)
            else:
                decided = await steps.do_once(context, context.claim, run)
        except Refusal as refusal:
            context.disclosures.add(refusal.patients)
            raise
        context.changed = True
        context.note_answer(decided, recorded)
        return decided

    return use_case
