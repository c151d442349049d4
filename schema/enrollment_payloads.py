"""The payloads of mutations of enrollments."""

import strawberry

from domain import records
from domain.refusal import Fault
from schema.payload_fields import (
    changed_enrollments_field,
    enrollment_field,
    promoted_field,
    roster_group_field,
    user_errors_field,
)


@strawberry.type(description="The payload of enrollPatient.")
class EnrollPatientPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment, seated or waiting; null if it was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of disenrollPatient.")
class DisenrollPatientPayload:
    enrollment: records.Enrollment | None = enrollment_field("The ended enrollment; null if the change was refused.")
    promoted: tuple[records.Enrollment, ...] = promoted_field()
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of promoteEnrollment.")
class PromoteEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment, now seated; null if the change was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of moveWaitlistedEnrollment.")
class MoveWaitlistedEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment at its new position; null if the change was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of removeEnrollment.")
class RemoveEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field("The removed enrollment; null if the change was refused.")
    promoted: tuple[records.Enrollment, ...] = promoted_field()
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()
