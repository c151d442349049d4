"""Sends the operations of the API, and converts their responses to the form of the model."""

import asyncio
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.stateful import (
    closure_rules,
    group_rules,
    reconciliation_rules,
    roster_rules,
    selected_session_rules,
    session_end_rules,
    session_rules,
    stay_rules,
    transfer_rules,
)
from tests.stateful.model import Model, Payload, Record
from tests.support.api_client import ApiClient

# The model knows people and places by their registry's ids.
_PEOPLE = "facilitator { id: registryId } coFacilitator { id: registryId } location { id: registryId }"
_GROUP = f"""id name groupType {_PEOPLE} timeZone maxCapacity minCapacity
  durationMinutes recurrence {{ rule startDate startTime excludedDates }} version deletedAt"""
_SESSION = f"""id groupDefinition {{ id }} sessionDate startTime endTime startsAt endsAt timeZone {_PEOPLE}
  status cancellationReason cancelledAt recurrenceDate edited version"""
_ENROLLMENT = """id groupDefinition { id } patient { id: registryId } status waitlistPosition waitlistedAt enrolledAt
  promotedAt disenrolledAt disenrollmentReason startDate endDate countsFromStart version deletedAt"""
_CLOSURE = "id name from through location { id: registryId } version"
_ROSTER = "expected roster(first: 20) { nodes { id } }"
_HISTORY = "history(first: 100) { nodes { action actorId } }"
_CLOSURES = f"{{ closures(first: 100) {{ nodes {{ {_CLOSURE} {_HISTORY} }} }} }}"
_DRIFT_ITEMS = "count items { date reasons occurrence { id } }"
_DRIFT = f"""query ($id: ID!, $from: Date!, $through: Date!) {{ groupDefinition(id: $id) {{
  scheduleDrift(from: $from, through: $through) {{ {_DRIFT_ITEMS} }} }} }}"""
_VIEW = f"""query ($id: ID!) {{ groupDefinition(id: $id) {{ {_GROUP} {_HISTORY}
  scheduleDrift {{ {_DRIFT_ITEMS} }}
  capacity {{ enrolled waitlisted max min available status belowMinimum }}
  enrollments(first: 100) {{ nodes {{ {_ENROLLMENT} {_HISTORY} }} }}
  occurrences(first: 100) {{ nodes {{ {_SESSION} {_ROSTER} {_HISTORY} }} }} }} }}"""
_AS_BOOLEAN: Final = frozenset(
    {"deletedAt", "cancelledAt", "waitlistedAt", "enrolledAt", "promotedAt", "disenrolledAt"}
)

Rule = Callable[[Model, Record, str, Payload], Payload]


@dataclass(frozen=True, slots=True)
class ModelledMutation:
    """One mutation: its document, and the rule of the model for it."""

    name: str
    document: str
    rule: Rule


def _operation(name: str, payload: str, rule: Rule) -> ModelledMutation:
    document = (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{"
        f" {payload} userErrors {{ code field }} }} }}"
    )
    return ModelledMutation(name, document, rule)


_ONE_ENROLLMENT = f"enrollment {{ {_ENROLLMENT} }}"
_DECISION = "decision { status waitlistPosition }"
_RESULTS = f"results {{ id {_ONE_ENROLLMENT} {_DECISION} userErrors {{ code field }} }}"
_PROMOTED = f"promoted {{ {_ENROLLMENT} }}"
_ONE_SESSION = f"occurrence {{ {_SESSION} }}"
_MANY_SESSIONS = f"""changes {{ action keepReason sessionDate startTime endTime occurrence {{ {_SESSION} }} }}
  createdCount updatedCount cancelledCount keptCount"""
_ONE_CLOSURE = f"closure {{ {_CLOSURE} }} affected {{ {_SESSION} }} affectedCount"
_ONE_GROUP = f"groupDefinition {{ {_GROUP} }}"

CREATE_GROUP = _operation("createGroupDefinition", _ONE_GROUP, group_rules.create)
UPDATE_GROUP = _operation("updateGroupDefinition", f"{_ONE_GROUP} {_PROMOTED}", group_rules.update)
DELETE_GROUP = _operation("deleteGroupDefinition", f"{_ONE_GROUP} cancelledCount", group_rules.delete)
RESTORE_GROUP = _operation("restoreGroupDefinition", f"{_ONE_GROUP} {_PROMOTED}", group_rules.restore)
CREATE_SESSION = _operation("createOccurrence", _ONE_SESSION, session_rules.create)
GENERATE = _operation(
    "generateOccurrences", f"occurrences {{ {_SESSION} }} createdCount skippedCount closedDates", session_rules.generate
)
RECONCILE = _operation(
    "reconcileOccurrences",
    _MANY_SESSIONS,
    reconciliation_rules.reconcile,
)
UPDATE_SESSION = _operation("updateOccurrence", _ONE_SESSION, session_rules.update)
CANCEL_SESSION = _operation("cancelOccurrence", _ONE_SESSION, session_end_rules.cancel)
REOPEN_SESSION = _operation("reopenOccurrence", _ONE_SESSION, session_end_rules.reopen)
UPDATE_SESSIONS = _operation("updateOccurrences", _MANY_SESSIONS, selected_session_rules.update)
CANCEL_SESSIONS = _operation("cancelOccurrences", _MANY_SESSIONS, selected_session_rules.cancel)
CREATE_CLOSURE = _operation("createClosure", _ONE_CLOSURE, closure_rules.create)
UPDATE_CLOSURE = _operation("updateClosure", _ONE_CLOSURE, closure_rules.update)
DELETE_CLOSURE = _operation("deleteClosure", "deletedId", closure_rules.delete)
ENROLL = _operation("enrollPatient", f"{_ONE_ENROLLMENT} {_DECISION}", roster_rules.enroll)
ENROLL_MANY = _operation("enrollPatients", _RESULTS, roster_rules.enroll_many)
UPDATE_ENROLLMENT = _operation("updateEnrollment", _ONE_ENROLLMENT, stay_rules.update)
DISENROLL = _operation("disenrollPatient", f"{_ONE_ENROLLMENT} {_PROMOTED}", roster_rules.disenroll)
PROMOTE = _operation("promoteEnrollment", _ONE_ENROLLMENT, roster_rules.promote)
MOVE = _operation("moveWaitlistedEnrollment", _ONE_ENROLLMENT, roster_rules.move)
TRANSFER = _operation(
    "transferEnrollments",
    f"{_RESULTS} {_PROMOTED}",
    transfer_rules.transfer,
)
REINSTATE = _operation("reinstateEnrollment", _ONE_ENROLLMENT, transfer_rules.reinstate)
REMOVE = _operation("removeEnrollment", f"{_ONE_ENROLLMENT} {_PROMOTED}", roster_rules.remove)


@dataclass(frozen=True, slots=True)
class MutationCall:
    """An operation with its input and its caller."""

    operation: ModelledMutation
    input: Mapping[str, Any]
    actor: str

    def expected(self, model: Model, actual: Payload) -> Payload:
        """Apply the operation to the model, and return the expected payload. New ids are taken from the actual one.

        A dry run has the same payload, and leaves the model as it is.
        """
        changed = copy.deepcopy(model) if self.input.get("dryRun") else model
        return self.operation.rule(changed, dict(self.input), self.actor, actual)


async def send(client: ApiClient, call: MutationCall) -> Payload | None:
    """Return the payload of a call in the form of the model; None if the database was busy and nothing was changed."""
    response = await client.try_execute(call.operation.document, {"input": dict(call.input)})
    if "errors" in response:
        assert [error["extensions"]["code"] for error in response["errors"]] == ["BUSY"], response
        return None
    payload = _converted(response["data"][call.operation.name])
    assert isinstance(payload, dict)
    for part in (payload, *payload.get("results", ())):
        part["userErrors"] = sorted((error["code"], tuple(error["field"])) for error in part["userErrors"])
    return payload


async def send_at_once(calls: list[tuple[ApiClient, MutationCall]]) -> list[Payload | None]:
    """Send calls concurrently, and return their payloads."""
    return await asyncio.gather(*(send(client, call) for client, call in calls))


async def drift(client: ApiClient, group: str, first: str, last: str) -> Record:
    """Return how the calendar of a group differs from its definition in a window."""
    variables = {"id": group, "from": first, "through": last}
    record: Record = (await client.execute(_DRIFT, variables))["groupDefinition"]["scheduleDrift"]
    return record


async def closure_list(client: ApiClient) -> list[Record]:
    """Return the closures of the organization in the form of the model."""
    closures: list[Record] = _converted((await client.execute(_CLOSURES))["closures"])
    return closures


async def view(client: ApiClient, group: str) -> Record | None:
    """Return everything about a group in the form of the model."""
    record: Record | None = _converted((await client.execute(_VIEW, {"id": group}))["groupDefinition"])
    return record


def _converted(value: Any) -> Any:
    if isinstance(value, list):
        return [_converted(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "nodes" in value:
        return _converted(value["nodes"])
    if "actorId" in value:
        return value["action"], value["actorId"]
    return {name: _converted_field(name, item) for name, item in value.items()}


def _converted_field(name: str, value: Any) -> Any:
    if name in _AS_BOOLEAN:
        return value is not None
    if name in {"startsAt", "endsAt"}:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return _converted(value)
