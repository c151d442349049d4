"""The inputs of mutations of enrollments."""

from datetime import date
from typing import Final

import strawberry
from strawberry import UNSET

from schema.inputs import DRY_RUN, ID, VERSION, sent_fields

_START: Final = (
    "The first day on which the patient is expected, in the group's time zone: at most 90 days back and 366 ahead, not"
    " after the end. By default, the day on which the seat is given, from that moment."
)
_END: Final = "The last day on which the patient is expected, in the group's time zone. By default, the end is open."


@strawberry.input(description="A patient to seat in a group, or to put on its waitlist if the group is full.")
class EnrollPatientInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    patient_id: ID = strawberry.field(description="The patient.")
    start_date: date | None = strawberry.field(default=None, description=_START)
    end_date: date | None = strawberry.field(default=None, description=_END)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)


@strawberry.input(description="Patients to enroll in a group, each as if alone. The errors of one stop no other.")
class EnrollPatientsInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    patient_ids: list[ID] = strawberry.field(description="The patients, in this order, 1 to 200.")
    start_date: date | None = strawberry.field(default=None, description=_START)
    end_date: date | None = strawberry.field(default=None, description=_END)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)


@strawberry.input(description="New dates of an enrollment. What is left out stays.")
class UpdateEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The enrollment, seated, waiting or ended.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    start_date: date | None = strawberry.field(
        default=UNSET,
        description="The first day on which the patient is expected, in the group's time zone: at most 90 days back and"
        " 366 ahead, not after the end. Null only for a patient who waits.",
    )
    end_date: date | None = strawberry.field(
        default=UNSET,
        description="The last day on which the patient is expected, in the group's time zone; null for an open end.",
    )

    def edits(self) -> dict[str, date | None]:
        """Return the dates that the client sent, null included."""
        return {name: getattr(self, name) for name in sent_fields(self, "start_date", "end_date")}


@strawberry.input(description="An enrollment to end. Its record stays, and the first in the waitlist is seated.")
class DisenrollPatientInput:
    enrollment_id: ID = strawberry.field(description="The enrollment, seated or waiting.")
    reason: str | None = strawberry.field(default=None, description="The reason, up to 1,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    end_date: date | None = strawberry.field(
        default=None,
        description="The last day on which the patient was expected, in the group's time zone, from the start through"
        " today. By default, the end stays as it is.",
    )


@strawberry.input(description="A waiting patient to seat ahead of the queue.")
class PromoteEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The waiting enrollment.")
    allow_over_capacity: bool | None = strawberry.field(
        default=False, description="Seat the patient even if the group is full. The group is then over its capacity."
    )


@strawberry.input(description="A waiting patient to move to another position of the waitlist.")
class MoveWaitlistedEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The waiting enrollment.")
    position: int = strawberry.field(description="The new position, 1 to the number of waiting patients.")


@strawberry.input(description="An enrollment made in error. It leaves every list, and its seat goes to the next.")
class RemoveEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The enrollment.")


@strawberry.input(
    description="An enrollment to reinstate, as the same record: to a free seat, or to the first place in the waitlist."
)
class ReinstateEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The enrollment that was ended or removed.")
    allow_over_capacity: bool | None = strawberry.field(
        default=False, description="Seat the patient even if the group is full. The group is then over its capacity."
    )


@strawberry.input(
    description="Patients to transfer to another group, all of them or none. Each leaves its group and enters the other"
    " in the order of the list: to a free seat, or to the end of the waitlist."
)
class TransferEnrollmentsInput:
    enrollment_ids: list[ID] = strawberry.field(
        description="The enrollments to end, seated or waiting, 1 to 200. They may be of several groups."
    )
    to_group_definition_id: ID = strawberry.field(description="The group to enter.")
    start_date: date | None = strawberry.field(
        default=None,
        description="The first day in the other group, in its time zone: at most 90 days back and 366 ahead. Unless it"
        " is in the future, the stays that end have the day before as their last. By default, the transfer counts from"
        " now.",
    )
    reason: str | None = strawberry.field(
        default=None,
        description="Why the patients leave their groups, up to 1,000 characters. By default, the reason says that they"
        " were transferred.",
    )
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)
