"""The groups of the demo clinic: their recurrence, seats, enrollments and cancellations."""

from dataclasses import dataclass
from datetime import time

from domain.records import GroupType


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """One group of the demo clinic.

    Attributes:
        name: The group's name.
        group_type: The group's type.
        rule: The recurrence as an RFC 5545 RRULE.
        start: The local start time of a session.
        minutes: The length of a session.
        seats: The maximum capacity when patients enroll.
        minimum: The minimum capacity.
        patients: The number of patients who enroll. Those beyond the seats are waitlisted.
        facilitators: The ids of the facilitator and of the co-facilitator, if there is one.
        location_id: The id of the room, which determines the time zone.
        lowered_seats: The maximum capacity after the enrollments, if it is lowered.
        disenrollment_reasons: The reasons of the patients who are disenrolled, beginning with the first enrolled one.
        cancelled: The cancelled sessions with their reasons. Sessions are numbered from today: 1 is the first one
            after today, -1 the last one before today.
        ending_in: In how many days the authorization of the first patient ends; None: no end is known.
        excluded_weeks: The sessions that the recurrence excludes, in weeks after the first one.
        deleted: Whether the group is deleted at the end.
    """

    name: str
    group_type: GroupType
    rule: str
    start: time
    minutes: int
    seats: int
    minimum: int
    patients: int
    facilitators: tuple[str, ...]
    location_id: str
    lowered_seats: int | None = None
    disenrollment_reasons: tuple[str, ...] = ()
    cancelled: tuple[tuple[int, str], ...] = ()
    ending_in: int | None = None
    excluded_weeks: tuple[int, ...] = ()
    deleted: bool = False


# Only groups outside of intensive programs cancel sessions: in a program, a cancelled session could change the
# compliance of the current week, depending on the weekday.
DEMO_GROUPS = (
    DemoGroup(
        "Morning Intensive Outpatient", GroupType.IOP, "FREQ=WEEKLY;BYDAY=MO,WE,FR", time(9), 180, 12, 4, 10,
        ("staff-01", "staff-13"), "saguaro-1", ending_in=5,
    ),
    DemoGroup(
        "Evening Intensive Outpatient", GroupType.IOP, "FREQ=WEEKLY;BYDAY=TU,TH", time(17, 30), 150, 12, 4, 8,
        ("staff-02",), "columbine-1", disenrollment_reasons=("Stepped down to weekly therapy",),
    ),
    DemoGroup(
        "Day Program", GroupType.PHP, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", time(9), 300, 15, 5, 12,
        ("staff-03", "staff-14"), "copper-1", disenrollment_reasons=("Completed the program", "Moved out of state"),
    ),
    DemoGroup(
        "Young Adult Day Program", GroupType.PHP, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", time(9, 30), 270, 10, 4, 7,
        ("staff-04",), "mesquite-1",
    ),
    DemoGroup(
        "Tuesday Process Group", GroupType.THERAPY, "FREQ=WEEKLY;BYDAY=TU", time(10), 90, 10, 4, 7,
        ("staff-05",), "saguaro-2",
        cancelled=((-3, "The facilitator was ill"), (2, "The facilitator is at a conference")),
    ),
    DemoGroup(
        "Grief and Loss", GroupType.THERAPY, "FREQ=WEEKLY;BYDAY=TH", time(17, 30), 75, 8, 4, 12,
        ("staff-06", "staff-13"), "mesquite-2", disenrollment_reasons=("Continues in individual therapy",),
    ),
    DemoGroup(
        "Understanding Anxiety", GroupType.PSYCHOEDUCATION, "FREQ=WEEKLY;BYDAY=WE", time(13), 60, 12, 3, 11,
        ("staff-07",), "copper-2", lowered_seats=9, cancelled=((3, "The building is closed that day"),),
    ),
    DemoGroup(
        "Distress Tolerance Skills", GroupType.SKILLS_TRAINING, "FREQ=WEEKLY;BYDAY=MO", time(15), 120, 12, 4, 9,
        ("staff-08",), "saguaro-3", cancelled=((-2, "The cooling failed"),),
    ),
    DemoGroup(
        "Family Support Circle", GroupType.SUPPORT, "FREQ=MONTHLY;BYDAY=1SA", time(11), 90, 16, 6, 3,
        ("staff-09",), "mesquite-1",
    ),
    DemoGroup(
        "Recovery Alumni Meeting", GroupType.SUPPORT, "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", time(18), 90, 20, 3, 6,
        ("staff-10",), "columbine-2", excluded_weeks=(12,),
    ),
    DemoGroup(
        "Morning Check-In", GroupType.OTHER, "FREQ=DAILY", time(8), 20, 25, 2, 9,
        ("staff-11",), "saguaro-3", cancelled=((5, "Staff training day"),),
    ),
    DemoGroup(
        "Sleep and Mood Workshop", GroupType.PSYCHOEDUCATION, "FREQ=WEEKLY;BYDAY=FR", time(14), 60, 10, 3, 4,
        ("staff-12",), "copper-2", deleted=True,
    ),
)  # fmt: skip
