"""The inputs of mutations of enrollments."""

from datetime import date

import strawberry

from schema.inputs import DRY_RUN, ID, VERSION


@strawberry.input(description="A patient to seat in a group, or to put on its waitlist if the group is full.")
class EnrollPatientInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    patient_id: ID = strawberry.field(description="The patient.")


@strawberry.input(description="An enrollment to end. Its record stays, and the first in the waitlist is seated.")
class DisenrollPatientInput:
    enrollment_id: ID = strawberry.field(description="The enrollment, seated or waiting.")
    reason: str | None = strawberry.field(default=None, description="The reason, up to 1,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


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
