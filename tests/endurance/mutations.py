"""The mutations as clients send them, with the actions that they add to the history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

_ENROLLMENT = "id status waitlistPosition version patient { id } groupDefinition { id }"
_SESSION = "id status version sessionDate startTime"
_CHANGE = f"action occurrence {{ {_SESSION} }}"
_CLOSURE = "id version from through"
_RESULT = f"id enrollment {{ {_ENROLLMENT} }}"
_GROUP = "id version maxCapacity deletedAt"


@dataclass(frozen=True, slots=True)
class MutationType:
    """One mutation of the schema.

    Attributes:
        name: The name of its field.
        payload_field: The field of its payload with the changed records.
        actions: The actions of the change in the history. Its consequences have other actions.
        document: The GraphQL document.
        always_changes: Whether an accepted request always changes something.
    """

    name: str
    payload_field: str
    actions: frozenset[str]
    document: str
    always_changes: bool

    def records(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the changed records of a payload, with at least their ids."""
        value = payload[self.payload_field]
        records = value if isinstance(value, list) else [value]
        if self.payload_field == "changes":
            records = [change["occurrence"] for change in records if change["action"] != "KEEP"]
        if self.payload_field == "results":
            records = [record for result in records for record in self._records_of_result(result)]
        return [record if isinstance(record, dict) else {"id": record} for record in records]

    def _records_of_result(self, result: Mapping[str, Any]) -> list[Any]:
        """Return the new enrollment, if there is one, and the one that a transfer ends."""
        new = [result["enrollment"]] if result["enrollment"] else []
        return [result["id"], *new] if "transferred" in self.actions else new


def _type(
    name: str, payload_field: str, fields: str, *actions: str, promotes: bool = False, always_changes: bool = True
) -> MutationType:
    promoted = "promoted { id }" if promotes else ""
    document = (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{"
        f" {payload_field} {f'{{ {fields} }}' if fields else ''} {promoted} userErrors {{ code field }} }} }}"
    )
    return MutationType(name, payload_field, frozenset(actions), document, always_changes)


CREATE_GROUP = _type("createGroupDefinition", "groupDefinition", _GROUP, "created")
UPDATE_GROUP = _type("updateGroupDefinition", "groupDefinition", _GROUP, "updated", promotes=True, always_changes=False)
DELETE_GROUP = _type("deleteGroupDefinition", "groupDefinition", _GROUP, "deleted")
RESTORE_GROUP = _type("restoreGroupDefinition", "groupDefinition", _GROUP, "restored", promotes=True)
CREATE_SESSION = _type("createOccurrence", "occurrence", _SESSION, "scheduled")
GENERATE = _type("generateOccurrences", "occurrences", _SESSION, "scheduled", always_changes=False)
UPDATE_SESSION = _type("updateOccurrence", "occurrence", _SESSION, "updated", "rescheduled", always_changes=False)
CANCEL_SESSION = _type("cancelOccurrence", "occurrence", _SESSION, "cancelled")
REOPEN_SESSION = _type("reopenOccurrence", "occurrence", _SESSION, "reopened")
RECONCILE = _type(
    "reconcileOccurrences", "changes", _CHANGE, "scheduled", "rescheduled", "updated", "cancelled", always_changes=False
)
UPDATE_SESSIONS = _type("updateOccurrences", "changes", _CHANGE, "updated", "rescheduled", always_changes=False)
CANCEL_SESSIONS = _type("cancelOccurrences", "changes", _CHANGE, "cancelled", always_changes=False)
CREATE_CLOSURE = _type("createClosure", "closure", _CLOSURE, "created")
UPDATE_CLOSURE = _type("updateClosure", "closure", _CLOSURE, "updated", always_changes=False)
DELETE_CLOSURE = _type("deleteClosure", "deletedId", "", "deleted")
ENROLL = _type("enrollPatient", "enrollment", _ENROLLMENT, "enrolled", "waitlisted")
DISENROLL = _type("disenrollPatient", "enrollment", _ENROLLMENT, "disenrolled", promotes=True)
PROMOTE = _type("promoteEnrollment", "enrollment", _ENROLLMENT, "promoted", "promoted_over_capacity")
MOVE = _type("moveWaitlistedEnrollment", "enrollment", _ENROLLMENT, "waitlist_position_changed", always_changes=False)
REMOVE = _type("removeEnrollment", "enrollment", _ENROLLMENT, "removed", promotes=True)
ENROLL_MANY = _type("enrollPatients", "results", _RESULT, "enrolled", "waitlisted", always_changes=False)
EDIT_STAY = _type("updateEnrollment", "enrollment", _ENROLLMENT, "updated", always_changes=False)
TRANSFER = _type("transferEnrollments", "results", _RESULT, "transferred", "enrolled", "waitlisted", promotes=True)
REINSTATE = _type(
    "reinstateEnrollment",
    "enrollment",
    _ENROLLMENT,
    *("reinstated", "reinstated_over_capacity", "reinstated_to_waitlist", "removal_undone"),
)

MUTATION_TYPES = (
    CREATE_GROUP,
    UPDATE_GROUP,
    DELETE_GROUP,
    RESTORE_GROUP,
    CREATE_SESSION,
    GENERATE,
    UPDATE_SESSION,
    CANCEL_SESSION,
    REOPEN_SESSION,
    RECONCILE,
    UPDATE_SESSIONS,
    CANCEL_SESSIONS,
    CREATE_CLOSURE,
    UPDATE_CLOSURE,
    DELETE_CLOSURE,
    ENROLL,
    DISENROLL,
    PROMOTE,
    MOVE,
    REMOVE,
    ENROLL_MANY,
    EDIT_STAY,
    TRANSFER,
    REINSTATE,
)


@dataclass(frozen=True, slots=True)
class MutationResponse:
    """A response: the payload, or the codes of the errors."""

    status: int
    payload: dict[str, Any] | None
    error_codes: tuple[str, ...]

    @property
    def refusals(self) -> tuple[str, ...]:
        """The codes of the user errors."""
        return tuple(error["code"] for error in (self.payload or {}).get("userErrors", ()))

    @property
    def accepted(self) -> bool:
        """Whether the response says that the change was made."""
        return self.payload is not None and not self.refusals


@dataclass(frozen=True, slots=True)
class SentMutation:
    """One request. Repeating it sends the same request. Its id is also its idempotency key, and is in the history."""

    type: MutationType
    input: Mapping[str, Any]
    request_id: str

    async def send(self, http: httpx.AsyncClient, address: str, authorization: str) -> MutationResponse | None:
        """Return the response; None if there was none, so that the client cannot know whether the change was made."""
        try:
            response = await http.post(
                f"{address}/graphql",
                json={"query": self.type.document, "variables": {"input": dict(self.input)}},
                headers={
                    "Authorization": authorization,
                    "X-Request-ID": self.request_id,
                    "Idempotency-Key": f'"{self.request_id}"',
                },
            )
        except httpx.TransportError:
            return None
        body = response.json()
        payload = (body.get("data") or {}).get(self.type.name)
        codes = tuple(error["extensions"]["code"] for error in body.get("errors", ()))
        return MutationResponse(response.status_code, payload, codes)


def mutation(type_: MutationType, **input_: Any) -> SentMutation:
    """Return a new request."""
    return SentMutation(type_, input_, uuid4().hex)
