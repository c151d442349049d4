"""How every command runs: load, decide and store in one transaction, which may run again from its start."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from db.transactions.unit_of_work import UnitOfWork
from domain.records import Enrollment
from domain.refusal import Refusal
from domain.schedule_impact import ScheduleImpact
from resolvers.commands.idempotent_steps import Steps
from resolvers.commands.impact import measure_impact
from resolvers.context import Context

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def transaction(
    command: Callable[Concatenate[UnitOfWork, Arguments], Awaitable[Result]],
) -> Callable[Concatenate[Context, Arguments], Coroutine[Any, Any, Result]]:
    """Make a command of a function that works in a transaction. Called with a context, it opens one and commits it.

    The function may run several times, since transactions that conflict are retried. So it changes nothing outside of
    its unit of work. If the request has an Idempotency-Key, the result is stored as JSON until the request has its
    response. The patients whose enrollments the result holds are recorded in the same transaction, so there is no
    change whose disclosures are not in the access log.

    What the request selects of the command's impact is measured in the same transaction and stored with the result.

    A command that discards its unit of work is a dry run: the context has not changed anything, its result is not
    stored, and the patients that it discloses are recorded before the response leaves, like those of a query.
    """
    steps: Steps[Result] = Steps(command)

    @wraps(command)
    async def run(context: Context, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        recorded: frozenset[str] = frozenset()
        is_dry_run = False

        async def decide(work: UnitOfWork) -> Result:
            nonlocal recorded, is_dry_run
            result = await command(work, *arguments, **named)
            if context.impact_fields:
                context.impact = await measure_impact(context, work)
            is_dry_run = work.discarded
            if not is_dry_run:
                recorded = context.disclosures.record(work, _patients(result, context.impact))
            return result

        try:
            if context.claim is None:
                result = await context.transact(decide)
            else:
                result = await steps.run_once(context, context.claim, decide)
        except Refusal as refusal:
            context.disclosures.add(refusal.patients)
            raise
        if not is_dry_run:
            context.changed = True
        context.disclosures.mark_recorded(recorded)
        # If an earlier attempt did the step, this one records its patients before the response leaves.
        context.disclosures.add(_patients(result, context.impact))
        return result

    return run


def _patients(result: object, impact: ScheduleImpact | None) -> Iterator[str]:
    """Yield the patients of an impact, and of the enrollments that a result is, or holds in its fields.

    A result that holds them elsewhere has their ids in `disclosed_patients`.
    """
    if impact is not None:
        yield from impact.patient_ids
    yield from getattr(result, "disclosed_patients", ())
    values = [getattr(result, field.name) for field in fields(result)] if is_dataclass(result) else []
    for value in (result, *values):
        for record in value if isinstance(value, tuple) else (value,):
            if isinstance(record, Enrollment):
                yield record.patient_id
