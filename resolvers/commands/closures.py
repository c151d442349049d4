"""Creating, editing and deleting closures. No session is cancelled: the results name the sessions on their days.

A command with `dry_run` decides and stores as ever, and then discards its unit of work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.stores.closures import find_affected, lock_closure, save_closure
from db.stores.references import find_references
from db.transactions.unit_of_work import UnitOfWork
from domain import closures as rules
from domain.closures import ClosureChange, ClosureDraft, PlacedClosure
from domain.groups import refuse_stale
from domain.records import Closure, Occurrence
from domain.references import References
from domain.refusal import Fault, Refusal, refuse_if_any
from resolvers.commands.transaction import transaction
from resolvers.ids import not_found, parse_id


@dataclass(frozen=True, slots=True)
class ChangedClosure:
    """A closure after a command.

    Attributes:
        closure: The closure.
        affected: The sessions that are still scheduled on its days, by date and time, up to `AFFECTED_LIMIT`.
        affected_count: How many such sessions there are.
    """

    closure: Closure
    affected: tuple[Occurrence, ...]
    affected_count: int


@transaction
async def create_closure(work: UnitOfWork, draft: ClosureDraft, *, dry_run: bool = False) -> ChangedClosure:
    """Create a closure. Raise Refusal with every fault of the draft."""
    references = await find_references(work, (), draft.location_id)
    change = rules.create(draft, references, work.new_id(), work.now)
    await _save(work, change, dry_run=dry_run)
    return await _changed(work, change.closure, references)


@transaction
async def update_closure(
    work: UnitOfWork,
    closure_id: str,
    edits: Mapping[str, Any],
    expected_version: int | None = None,
    *,
    dry_run: bool = False,
) -> ChangedClosure:
    """Edit a closure. `edits` has the new values, by ClosureDraft's field names.

    Raises:
        Refusal: NOT_FOUND or VERSION_CONFLICT, and every fault of the edited closure.
    """
    faults: list[Fault] = []
    closure = await _lock(work, closure_id, expected_version, faults)
    references = await find_references(work, (), edits.get("location_id", closure and closure.location_id))
    if closure is None:
        raise Refusal(*faults, *rules.faults_without_closure(edits, references))
    try:
        change = rules.edit(closure, edits, references, work.now)
    except Refusal as refusal:
        raise Refusal(*faults, *refusal.faults) from refusal
    refuse_if_any(faults)
    await _save(work, change, dry_run=dry_run)
    return await _changed(work, change.closure, references)


@transaction
async def delete_closure(
    work: UnitOfWork, closure_id: str, expected_version: int | None = None, *, dry_run: bool = False
) -> Closure:
    """Delete a closure softly. Raise Refusal with NOT_FOUND or VERSION_CONFLICT."""
    faults: list[Fault] = []
    closure = await _lock(work, closure_id, expected_version, faults)
    if closure is None or faults:
        raise Refusal(*faults)
    change = rules.delete(closure, work.now)
    await _save(work, change, dry_run=dry_run)
    return change.closure


async def _lock(work: UnitOfWork, closure_id: str, expected_version: int | None, faults: list[Fault]) -> Closure | None:
    """Lock a closure and return it. Add NOT_FOUND or VERSION_CONFLICT to the faults."""
    parsed = parse_id(closure_id)
    closure = None if parsed is None else await lock_closure(work, parsed)
    try:
        if closure is None:
            raise not_found("closure", "id")
        refuse_stale(closure.version, expected_version)
    except Refusal as refusal:
        faults.extend(refusal.faults)
    return closure


async def _save(work: UnitOfWork, change: ClosureChange, *, dry_run: bool) -> None:
    await save_closure(work, change)
    if dry_run:
        work.discard()


async def _changed(work: UnitOfWork, closure: Closure, references: References) -> ChangedClosure:
    location = None if closure.location_id is None else references.locations[closure.location_id]
    affected = await find_affected(work, PlacedClosure(closure, location))
    return ChangedClosure(closure, affected.sessions, affected.count)
