"""The twelve mutations as clients send them, and what each leaves in history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

_ENROLLMENT = "id status waitlistPosition version patient { id } groupDefinition { id }"
_SESSION = "id status version sessionDate startTime"
_GROUP = "id version maxCapacity deletedAt"


@dataclass(frozen=True, slots=True)
class Kind:
    """One mutation.

    Attributes:
        name: Its field in the schema.
        answers: The field of its payload that holds what was changed.
        actions: How history calls the change that was asked for; what follows from it has other names.
        document: The operation.
        always: Whether an accepted request always changes something.
    """

    name: str
    answers: str
    actions: frozenset[str]
    document: str
    always: bool


def _kind(name: str, answers: str, fields: str, *actions: str, promotes: bool = False, always: bool = True) -> Kind:
    more = "promoted { id }" if promotes else ""
    document = (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{"
        f" {answers} {{ {fields} }} {more} userErrors {{ code field }} }} }}"
    )
    return Kind(name, answers, frozenset(actions), document, always)


CREATE_GROUP = _kind("createGroupDefinition", "groupDefinition", _GROUP, "created")
UPDATE_GROUP = _kind("updateGroupDefinition", "groupDefinition", _GROUP, "updated", promotes=True, always=False)
DELETE_GROUP = _kind("deleteGroupDefinition", "groupDefinition", _GROUP, "deleted")
CREATE_SESSION = _kind("createOccurrence", "occurrence", _SESSION, "scheduled")
GENERATE = _kind("generateOccurrences", "occurrences", _SESSION, "scheduled", always=False)
UPDATE_SESSION = _kind("updateOccurrence", "occurrence", _SESSION, "updated", "rescheduled", always=False)
CANCEL_SESSION = _kind("cancelOccurrence", "occurrence", _SESSION, "cancelled")
ENROLL = _kind("enrollPatient", "enrollment", _ENROLLMENT, "enrolled", "waitlisted")
DISENROLL = _kind("disenrollPatient", "enrollment", _ENROLLMENT, "disenrolled", promotes=True)
PROMOTE = _kind("promoteEnrollment", "enrollment", _ENROLLMENT, "promoted", "promoted_over_capacity")
MOVE = _kind("moveWaitlistedEnrollment", "enrollment", _ENROLLMENT, "waitlist_position_changed", always=False)
REMOVE = _kind("removeEnrollment", "enrollment", _ENROLLMENT, "removed", promotes=True)

KINDS = (
    CREATE_GROUP,
    UPDATE_GROUP,
    DELETE_GROUP,
    CREATE_SESSION,
    GENERATE,
    UPDATE_SESSION,
    CANCEL_SESSION,
    ENROLL,
    DISENROLL,
    PROMOTE,
    MOVE,
    REMOVE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the payload, or the codes of errors that left none."""

    status: int
    payload: dict[str, Any] | None
    error_codes: tuple[str, ...]

    @property
    def refusals(self) -> tuple[str, ...]:
        """The codes of the user errors."""
        return tuple(each["code"] for each in (self.payload or {}).get("userErrors", ()))

    @property
    def accepted(self) -> bool:
        """Whether the change was made, as far as the client was told."""
        return self.payload is not None and not self.refusals


@dataclass(frozen=True, slots=True)
class Mutation:
    """One request of a client: repeated, it is the same request. Its id is its key, and stands in history."""

    kind: Kind
    input: Mapping[str, Any]
    request_id: str

    async def send(self, http: httpx.AsyncClient, address: str, authorization: str) -> Answer | None:
        """Gives the answer; None where none came, and the client cannot know whether the change was made."""
        try:
            response = await http.post(
                f"{address}/graphql",
                json={"query": self.kind.document, "variables": {"input": dict(self.input)}},
                headers={
                    "Authorization": authorization,
                    "X-Request-ID": self.request_id,
                    "Idempotency-Key": f'"{self.request_id}"',
                },
            )
        except httpx.TransportError:
            return None
        body = response.json()
        payload = (body.get("data") or {}).get(self.kind.name)
        codes = tuple(each["extensions"]["code"] for each in body.get("errors", ()))
        return Answer(response.status_code, payload, codes)


def mutation(kind: Kind, **given: Any) -> Mutation:
    """Gives a new request."""
    return Mutation(kind, given, uuid4().hex)
