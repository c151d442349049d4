"""Changes of many selected sessions. All of them are stored, or none.

A selection by days keeps the sessions that cannot change: those that are completed, cancelled or have begun. A
selection by ids names each of its sessions, so one that cannot change refuses the whole change.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from domain.calendar_changes import KeepReason, OccurrenceChange, changed, kept
from domain.groups import refuse_deleted
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.references import References
from domain.refusal import Fault, FaultCode, FieldPath, Refusal
from domain.session_changes import SessionChange
from domain.session_drafts import FIELDS, edit_faults
from domain.session_selection import SELECTION, SessionSelection
from domain.sessions import cancel_for, edit, ended_fault, has_begun

MAX_SHIFT_DAYS: Final = 366
_MAX_NAMED: Final = 3
_KEPT_STATUSES: Final = {
    OccurrenceStatus.COMPLETED: KeepReason.COMPLETED,
    OccurrenceStatus.CANCELLED: KeepReason.CANCELLED,
}
Slot = tuple[UUID, date, time]
"""A group, a local date and a local start time. A group has at most one live session in a slot."""


@dataclass(slots=True)
class Decisions:
    """The decisions about the sessions of a selection, which are made one after another.

    Attributes:
        selection: The selection.
        now: The instant of the change.
        input_faults: The faults of the input's own values, whatever the sessions are.
        changes: The changes to store.
        entries: What happens to each session.
    """

    selection: SessionSelection
    now: datetime
    input_faults: Collection[Fault]
    changes: list[SessionChange] = field(default_factory=list)
    entries: list[OccurrenceChange] = field(default_factory=list)
    _faults: dict[Fault, list[Occurrence]] = field(default_factory=dict)

    def decide(self, session: Occurrence, change_of: Callable[[Occurrence], SessionChange]) -> None:
        """Add the decision about a session: the change that a function returns, its refusal, or to keep the session."""
        reason = self._reason_to_keep(session)
        if reason is not None:
            self.entries.append(kept(session, reason))
            return
        try:
            change = change_of(session)
        except Refusal as refusal:
            for fault in refusal.faults:
                self._add(fault, session)
            return
        self.changes.append(change)
        self.entries.append(changed(change))

    def add_duplicates(self, occupied: Collection[Slot], field: FieldPath) -> None:
        """Add DUPLICATE_OCCURRENCE for the sessions that would share their slot with another live session.

        Args:
            occupied: The slots of the live sessions that do not change.
            field: The field of the input that moves the sessions.
        """
        counts = Counter(_slot(change.after) for change in self.changes)
        message = "The group already has a session at the new date and start time."
        for change in moved(self.changes):
            slot = _slot(change.after)
            if counts[slot] > 1 or slot in occupied:
                self._add(Fault(FaultCode.DUPLICATE_OCCURRENCE, message, field), change.after)

    def faults(self) -> list[Fault]:
        """Return all faults. The message of a fault of sessions has their dates and times."""
        of_sessions = (
            replace(fault, message=f"{fault.message} {_concerned(sessions)}")
            for fault, sessions in self._faults.items()
            if fault not in self.input_faults
        )
        return [*self.input_faults, *of_sessions]

    def _reason_to_keep(self, session: Occurrence) -> KeepReason | None:
        if self.selection.ids is not None:
            return None
        return _KEPT_STATUSES.get(session.status) or (KeepReason.PAST if has_begun(session, self.now) else None)

    def _add(self, fault: Fault, session: Occurrence) -> None:
        if fault.field == ("input", "id"):
            fault = replace(fault, field=self._path_of(session, fault.code))
        self._faults.setdefault(fault, []).append(session)

    def _path_of(self, session: Occurrence, code: FaultCode) -> FieldPath:
        if self.selection.ids is not None:
            return self.selection.path_of_id(str(session.id))
        if code is FaultCode.GROUP_DELETED and self.selection.group_id is not None:
            return (*SELECTION, "groupDefinitionId")
        return SELECTION


@dataclass(frozen=True, slots=True)
class SelectedEdit:
    """An edit of selected sessions.

    Attributes:
        edits: The new values, by SessionDraft's field names, without a date.
        shift_days: By how many days the sessions move.
    """

    edits: Mapping[str, object]
    shift_days: int

    @property
    def moving_field(self) -> FieldPath:
        """The field of the input that moves sessions to other slots."""
        return FIELDS["start_time"] if "start_time" in self.edits else ("input", "shiftDays")

    def faults(self, references: References) -> list[Fault]:
        """Return the faults that the edit has for every session."""
        faults = edit_faults(self.edits, references)
        if abs(self.shift_days) > MAX_SHIFT_DAYS:
            message = f"Sessions can be moved by at most {MAX_SHIFT_DAYS} days, forward or back."
            faults.append(Fault(FaultCode.OUT_OF_RANGE, message, ("input", "shiftDays")))
        return faults

    def apply(
        self,
        session: Occurrence,
        group: GroupDefinition,
        replaced_facilitator: str | None,
        references: References,
        now: datetime,
    ) -> SessionChange:
        """Edit one of the sessions.

        Args:
            session: The session.
            group: Its group.
            replaced_facilitator: The facilitator whose sessions were selected, if any. The new facilitator takes the
                place of that one: as co-facilitator in sessions that the selected facilitator only co-leads.
            references: The staff and locations that exist.
            now: The instant of the change.

        Raises:
            Refusal: GROUP_DELETED, or what `domain.sessions.edit` raises.
        """
        refuse_deleted(group, "id")
        edits = dict(self.edits)
        paths: dict[FieldPath | None, FieldPath] = {("input", "sessionDate"): ("input", "shiftDays")}
        if "facilitator_id" in edits and replaced_facilitator not in (None, session.facilitator_id):
            facilitator_id = edits.pop("facilitator_id")
            if "co_facilitator_id" not in edits:
                edits["co_facilitator_id"] = facilitator_id
                paths[FIELDS["co_facilitator_id"]] = FIELDS["facilitator_id"]
        if self.shift_days and abs(self.shift_days) <= MAX_SHIFT_DAYS:
            edits["session_date"] = session.session_date + timedelta(days=self.shift_days)
        try:
            return edit(session, edits, references, group.duration_minutes, now)
        except Refusal as refusal:
            faults = (replace(fault, field=paths.get(fault.field, fault.field)) for fault in refusal.faults)
            raise Refusal(*faults) from refusal


def cancel_selected(session: Occurrence, reason: str, now: datetime) -> SessionChange:
    """Cancel one of the sessions, also of a deleted group, for a reason that `reason_text` has returned.

    Raises:
        Refusal: OCCURRENCE_CANCELLED or OCCURRENCE_COMPLETED.
    """
    if (fault := ended_fault(session)) is not None:
        raise Refusal(fault)
    return cancel_for(session, reason, now)


def moved(changes: Iterable[SessionChange]) -> list[SessionChange]:
    """Return the changes that give a session another slot."""
    return [change for change in changes if change.before is not None and _slot(change.before) != _slot(change.after)]


def _slot(session: Occurrence) -> Slot:
    return session.group_definition_id, session.session_date, session.start_time


def _concerned(sessions: list[Occurrence]) -> str:
    names = [f"{session.session_date} at {session.start_time:%H:%M}" for session in sessions[:_MAX_NAMED]]
    if len(sessions) == 1:
        return f"It concerns the session on {names[0]}."
    more = f" and {len(sessions) - _MAX_NAMED:,} more" if len(sessions) > _MAX_NAMED else ""
    return f"It concerns {len(sessions):,} sessions: {', '.join(names)}{more}."
