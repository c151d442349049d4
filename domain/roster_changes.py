"""The changes of a roster that a decision makes: the steps, with their history and events."""

from dataclasses import dataclass

from domain.changes import EntityType, Event, HistoryEntry, differences
from domain.records import Enrollment, EnrollmentStatus

ENROLLED = "enrolled"
WAITLISTED = "waitlisted"
PROMOTED = "promoted"
PROMOTED_OVER_CAPACITY = "promoted_over_capacity"
POSITION_CHANGED = "waitlist_position_changed"
DISENROLLED = "disenrolled"
REMOVED = "removed"

_EVENTS = {
    ENROLLED: "pm_group_patient_enrolled",
    WAITLISTED: "pm_group_patient_waitlisted",
    PROMOTED: "pm_group_patient_promoted",
    PROMOTED_OVER_CAPACITY: "pm_group_patient_promoted",
    DISENROLLED: "pm_group_patient_disenrolled",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One enrollment before and after a decision, with the action. `before` is None for a new enrollment."""

    before: Enrollment | None
    after: Enrollment
    action: str

    @property
    def only_renumbers(self) -> bool:
        """Whether only the waitlist position changes, because of other patients."""
        return self.action == POSITION_CHANGED and self.before is not None and self.before.version == self.after.version


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
        return [
            HistoryEntry(EntityType.ENROLLMENT, step.after.id, step.action, differences(step.before, step.after))
            for step in self.steps
        ]

    @property
    def events(self) -> list[Event]:
        """The events for other modules. Removing an enrollment that has ended frees no seat and has no event."""
        return [_event(name, step.after) for step in self.steps if (name := _event_name(step)) is not None]


def _event_name(step: Step) -> str | None:
    if step.action == REMOVED:
        was_active = step.before is not None and step.before.status != EnrollmentStatus.DISENROLLED
        return _EVENTS[DISENROLLED] if was_active else None
    return _EVENTS.get(step.action)


def _event(name: str, enrollment: Enrollment) -> Event:
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
        },
    )
