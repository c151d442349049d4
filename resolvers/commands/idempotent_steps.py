"""The steps of a request with an Idempotency-Key. Each runs once, however often the request is repeated."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter

from db.stores.idempotency import Claim, add_step
from db.transactions.unit_of_work import UnitOfWork
from domain.schedule_impact import ScheduleImpact
from resolvers.context import Context

Result = TypeVar("Result")


_IMPACT: Final = TypeAdapter(ScheduleImpact)


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Steps(Generic[Result]):
    """The steps that one command does. Their results are stored as JSON, by the command's return type."""

    def __init__(self, command: Callable[..., Awaitable[Result]]) -> None:
        self._command = command

    async def run_once(
        self, context: Context, claim: Claim, decide: Callable[[UnitOfWork], Awaitable[Result]]
    ) -> Result:
        """Return the result of an earlier attempt. If there is none, run the command and store its result.

        Raise TakenOver if a repeat has the claim, and what `Context.transact` raises.
        """
        # A step is named by the client's own document, so that a repeat finds it whichever version of the program runs.
        step, step_of_impact = _name(context.root_field), _name(f"{context.root_field} impact")
        if step in claim.done:
            if step_of_impact in claim.done:
                context.impact = _IMPACT.validate_python(claim.done[step_of_impact])
            return self._result_type.validate_python(claim.done[step])

        async def decide_and_store(work: UnitOfWork) -> Result:
            result = await decide(work)
            await add_step(work, claim, step, self._result_type.dump_python(result, mode="json"))
            if context.impact is not None:
                # A step of its own, so that the results of commands stay as earlier releases stored them.
                await add_step(work, claim, step_of_impact, _IMPACT.dump_python(context.impact, mode="json"))
            return result

        return await context.transact(decide_and_store)

    @cached_property
    def _result_type(self) -> TypeAdapter[Result]:
        return TypeAdapter(inspect.get_annotations(self._command, eval_str=True)["return"])
