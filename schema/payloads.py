"""What mutations answer: the entity, or null and the errors that the person can mend."""

import strawberry

from domain import records
from domain.generation import MAX_SESSIONS
from domain.groups import MAX_CAPACITY
from schema.admission.cost_directives import ListSize
from schema.types import Enrollment, GroupDefinition, Occurrence
from schema.user_errors import USER_ERRORS, UserError

_ERRORS = "What was wrong with the input, all of it at once. Empty where the change was made."


def _errors() -> list[UserError]:
    return strawberry.field(default_factory=list, description=_ERRORS, directives=[USER_ERRORS])


def _promoted() -> tuple[records.Enrollment, ...]:
    return strawberry.field(
        default=(),
        graphql_type=list[Enrollment],
        directives=[ListSize(assumed_size=MAX_CAPACITY)],
        description="Who was seated from the waitlist by this change, in their order.",
    )


def _group(description: str) -> records.GroupDefinition | None:
    return strawberry.field(default=None, graphql_type=GroupDefinition | None, description=description)


def _session(description: str) -> records.Occurrence | None:
    return strawberry.field(default=None, graphql_type=Occurrence | None, description=description)


def _enrollment(description: str) -> records.Enrollment | None:
    return strawberry.field(default=None, graphql_type=Enrollment | None, description=description)


@strawberry.type(description="The answer to createGroupDefinition.")
class CreateGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The new group; null where it was refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to updateGroupDefinition.")
class UpdateGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The edited group; null where the edit was refused.")
    promoted: tuple[records.Enrollment, ...] = _promoted()
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to deleteGroupDefinition.")
class DeleteGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The deleted group; null where that was refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to createOccurrence.")
class CreateOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The new session; null where it was refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to generateOccurrences.")
class GenerateOccurrencesPayload:
    occurrences: tuple[records.Occurrence, ...] = strawberry.field(
        default=(),
        graphql_type=list[Occurrence],
        directives=[ListSize(assumed_size=MAX_SESSIONS)],
        description="The sessions that were made, in their order.",
    )
    created_count: int = strawberry.field(default=0, description="How many sessions were made.")
    skipped_count: int = strawberry.field(
        default=0, description="How many of the rule's slots have a session already, cancelled ones among them."
    )
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to updateOccurrence.")
class UpdateOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The edited session; null where the edit was refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to cancelOccurrence.")
class CancelOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The cancelled session; null where that was refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to enrollPatient.")
class EnrollPatientPayload:
    enrollment: records.Enrollment | None = _enrollment("The enrollment, seated or waiting; null where refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to disenrollPatient.")
class DisenrollPatientPayload:
    enrollment: records.Enrollment | None = _enrollment("The ended enrollment; null where that was refused.")
    promoted: tuple[records.Enrollment, ...] = _promoted()
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to promoteEnrollment.")
class PromoteEnrollmentPayload:
    enrollment: records.Enrollment | None = _enrollment("The enrollment, now seated; null where that was refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to moveWaitlistedEnrollment.")
class MoveWaitlistedEnrollmentPayload:
    enrollment: records.Enrollment | None = _enrollment("The enrollment at its new place; null where refused.")
    user_errors: list[UserError] = _errors()


@strawberry.type(description="The answer to removeEnrollment.")
class RemoveEnrollmentPayload:
    enrollment: records.Enrollment | None = _enrollment("The removed enrollment; null where that was refused.")
    promoted: tuple[records.Enrollment, ...] = _promoted()
    user_errors: list[UserError] = _errors()
