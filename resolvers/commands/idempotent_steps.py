"""The steps of a request that has an Idempotency-Key: each is done once, however often the request is repeated."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from db.stores.idempotency import Claim, add_step
from db.transactions.unit_of_work import UnitOfWork
from resolvers.context import Context

Decided = TypeVar("Decided")


class Steps(Generic[Decided]):
    """The steps that one use case makes. What it decides is kept as JSON, by the type that it gives back."""

    def __init__(self, use_case: Callable[..., Awaitable[Decided]]) -> None:
        self._use_case = use_case

    async def do_once(self, context: Context, claim: Claim, run: Callable[[UnitOfWork], Awaitable[Decided]]) -> Decided:
        """Return what an attempt before this one has decided; else runs the use case, and notes it as done.

        Raises TakenOver where the claim has passed to a repeat, and what `Context.transact` raises.
        """
        # Named by the client's own document: a repeat finds it, whichever version of this program answers.
        step = hashlib.sha256(context.answering.name.encode()).hexdigest()
        if step in claim.done:
            return self._kind.validate_python(claim.done[step])

        async def run_and_note(work: UnitOfWork) -> Decided:
            decided = await run(work)
            await add_step(work, claim, step, self._kind.dump_python(decided, mode="json"))
            return decided

        return await context.transact(run_and_note)

    @cached_property
    def _kind(self) -> TypeAdapter[Decided]:
        return TypeAdapter(inspect.get_annotations(self._use_case, eval_str=True)["return"])
