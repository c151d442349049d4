"""The changes of a roster that a decision makes: the steps, with their history and events."""

from dataclasses import dataclass
from uuid import UUID

from domain.changes import EntityType, Event, FieldChange, HistoryEntry, differences
from domain.records import Enrollment, EnrollmentStatus

ENROLLED = "enrolled"
WAITLISTED = "waitlisted"
PROMOTED = "promoted"
PROMOTED_OVER_CAPACITY = "promoted_over_capacity"
POSITION_CHANGED = "waitlist_position_changed"
DISENROLLED = "disenrolled"
REMOVED = "removed"
UPDATED = "updated"
TRANSFERRED = "transferred"
REINSTATED = "reinstated"
REINSTATED_OVER_CAPACITY = "reinstated_over_capacity"
REINSTATED_TO_WAITLIST = "reinstated_to_waitlist"
REMOVAL_UNDONE = "removal_undone"

TRANSFERRED_TO = "transferred_to"
TRANSFERRED_FROM = "transferred_from"
"""The names of the other enrollment of a transfer, in histories and events."""

_EVENTS = {
    ENROLLED: "pm_group_patient_enrolled",
    WAITLISTED: "pm_group_patient_waitlisted",
    PROMOTED: "pm_group_patient_promoted",
    PROMOTED_OVER_CAPACITY: "pm_group_patient_promoted",
    DISENROLLED: "pm_group_patient_disenrolled",
    UPDATED: "pm_group_enrollment_updated",
    TRANSFERRED: "pm_group_patient_disenrolled",
    REINSTATED: "pm_group_patient_enrolled",
    REINSTATED_OVER_CAPACITY: "pm_group_patient_enrolled",
    REINSTATED_TO_WAITLIST: "pm_group_patient_waitlisted",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One enrollment before and after a decision.

    Attributes:
        before: The enrollment before; None for a new one.
        after: The enrollment after.
        action: What happens to it.
        other_id: In a transfer, the patient's enrollment in the other group.
    """

    before: Enrollment | None
    after: Enrollment
    action: str
    other_id: UUID | None = None

    @property
    def only_renumbers(self) -> bool:
        """Whether only the waitlist position changes, because of other patients."""
        return self.action == POSITION_CHANGED and self.before is not None and self.before.version == self.after.version

    @property
    def transfer(self) -> dict[str, str]:
        """The patient's enrollment in the other group by the name of this transfer's side; empty without a transfer."""
        if self.other_id is None:
            return {}
        return {TRANSFERRED_TO if self.action == TRANSFERRED else TRANSFERRED_FROM: str(self.other_id)}

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The changed fields, for the history. A transfer adds the id of the patient's other enrollment."""
        transfer = (FieldChange(field=name, before=None, after=other) for name, other in self.transfer.items())
        return (*differences(self.before, self.after), *transfer)


@dataclass(frozen=True, slots=True)
class RosterChange:
    """A decision with all its steps.

    The first step is the requested one, if any. Then come the promoted patients, and then the patients whose positions
    have changed, both in the order of the waitlist.
    """

    steps: tuple[Step, ...]

    @property
    def changed(self) -> tuple[Enrollment, ...]:
        """The enrollments that change, after the change, in the order of the steps."""
        return tuple(step.after for step in self.steps)

    @property
    def promoted(self) -> tuple[Enrollment, ...]:
        """The enrollments promoted from the waitlist, in the order of the waitlist."""
        return tuple(step.after for step in self.steps if step.action == PROMOTED)

    @property
    def history(self) -> list[HistoryEntry]:
        """One entry for each enrollment that changed."""
        return [HistoryEntry(EntityType.ENROLLMENT, step.after.id, step.action, step.changes) for step in self.steps]

    @property
    def events(self) -> list[Event]:
        """The events for other modules. Removing an enrollment that has ended frees no seat and has no event."""
        return [_event(name, step) for step in self.steps if (name := _event_name(step)) is not None]


def _event_name(step: Step) -> str | None:
    if step.action == REMOVED:
        was_active = step.before is not None and step.before.status != EnrollmentStatus.DISENROLLED
        return _EVENTS[DISENROLLED] if was_active else None
    return _EVENTS.get(step.action)


def _event(name: str, step: Step) -> Event:
    enrollment = step.after
    return Event(
        name,
        enrollment.group_definition_id,
        {
            "enrollment_id": str(enrollment.id),
            "group_definition_id": str(enrollment.group_definition_id),
            "patient_id": enrollment.patient_id,
            "status": enrollment.status.value,
            "waitlist_position": enrollment.waitlist_position,
            "start_date": enrollment.start_date,
            "end_date": enrollment.end_date,
            "counts_from_start": enrollment.counts_from_start,
            "removed": enrollment.deleted_at is not None,
            **step.transfer,
        },
    )
