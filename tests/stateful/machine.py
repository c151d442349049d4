"""Random clients of two organizations. Every step compares the API with the model."""

import copy
from itertools import permutations
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.stateful import inputs
from tests.stateful import operations as api
from tests.stateful.drift import drift
from tests.stateful.model import ACTIVE_PATIENTS
from tests.stateful.operations import MutationCall
from tests.stateful.two_organizations import TwoOrganizations, counts

_PICK = st.integers(0, 99)
_PICKS = st.lists(_PICK, min_size=1, max_size=4)
_ORGANIZATION_INDEX = st.integers(0, 1)
_ACTOR = st.sampled_from(["nurse", "doctor"])
_VERSION = st.sampled_from(["none", "none", "current", "stale"])


class ApiMachine(TwoOrganizations):
    """Every mutation, by random clients. Subclasses set the database's URLs."""

    @initialize()
    def begin(self) -> None:
        counts["examples"] += 1
        self._runner.run(self._begin())
        for index in (0, 1):
            self._do(index, MutationCall(api.CREATE_GROUP, inputs.A_GROUP, "nurse"))
            group = self._pick_id("groups", index, 0)
            self._do(index, MutationCall(api.GENERATE, {"groupDefinitionId": group, **inputs.A_WINDOW}, "nurse"))
            self._document(index, next(iter(self._models[index].sessions)))  # the first session is over
            for patient in ACTIVE_PATIENTS[:3]:  # one is enrolled and two wait from the beginning
                self._do(index, self._enroll_call(index, "nurse", 0, patient))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, input_=inputs.NEW_GROUPS)
    def create_group(self, index: int, actor: str, input_: dict[str, Any]) -> None:
        self._do(index, MutationCall(api.CREATE_GROUP, input_, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION, input_=inputs.GROUP_EDITS)
    def update_group(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        self._do(index, MutationCall(api.UPDATE_GROUP, {**self._group(index, pick, version), **input_}, actor))

    @rule(
        index=_ORGANIZATION_INDEX,
        actor=_ACTOR,
        pick=_PICK,
        version=_VERSION,
        sessions=inputs.SESSIONS_OF_DELETED,
        sure=st.integers(0, 3),
    )
    def delete_group(
        self, index: int, actor: str, pick: int, version: str, sessions: dict[str, Any], sure: int
    ) -> None:
        if sure == 0:  # otherwise most groups would be deleted most of the time
            self._do(index, MutationCall(api.DELETE_GROUP, {**self._group(index, pick, version), **sessions}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION)
    def restore_group(self, index: int, actor: str, pick: int, version: str) -> None:
        deleted = [group["id"] for group in self._models[index].groups.values() if group["deletedAt"]]
        input_ = self._group(index, pick, version)
        if deleted and pick < 80:
            input_["id"] = deleted[pick % len(deleted)]
        self._do(index, MutationCall(api.RESTORE_GROUP, input_, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, input_=inputs.NEW_SESSIONS)
    def create_session(self, index: int, actor: str, pick: int, input_: dict[str, Any]) -> None:
        group = self._pick_id("groups", index, pick)
        self._do_after_dry_run(index, MutationCall(api.CREATE_SESSION, {"groupDefinitionId": group, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, input_=inputs.WINDOWS)
    def generate_sessions(self, index: int, actor: str, pick: int, input_: dict[str, Any]) -> None:
        group = self._pick_id("groups", index, pick)
        self._do_after_dry_run(index, MutationCall(api.GENERATE, {"groupDefinitionId": group, **input_}, actor))

    @rule(
        index=_ORGANIZATION_INDEX,
        actor=_ACTOR,
        pick=_PICK,
        edit=st.none() | inputs.DEFINITION_EDITS,
        input_=inputs.RECONCILED_WINDOWS,
    )
    def reconcile_sessions(
        self, index: int, actor: str, pick: int, edit: dict[str, Any] | None, input_: dict[str, Any]
    ) -> None:
        group = self._series(index, pick)
        if edit is not None:
            self._do(index, MutationCall(api.UPDATE_GROUP, {"id": group, **edit}, actor))
        payload = self._do(index, MutationCall(api.RECONCILE, {"groupDefinitionId": group, **input_}, actor))
        if payload is not None and not payload["userErrors"] and not input_["dryRun"]:
            window = input_["from"], input_["through"]
            left = self._runner.run(api.drift(self._clients[index, actor], group, *window))
            model = self._models[index]
            assert left == drift(model, model.groups[group], *window) == {"count": 0, "items": []}
            counts.update(f"reconciling: {change['action'].lower()}" for change in payload["changes"])

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, input_=inputs.NEW_CLOSURES)
    def create_closure(self, index: int, actor: str, input_: dict[str, Any]) -> None:
        self._change_closure(index, MutationCall(api.CREATE_CLOSURE, input_, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION, input_=inputs.CLOSURE_EDITS)
    def update_closure(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        closure = self._versioned("closures", "id", index, pick, version)
        self._change_closure(index, MutationCall(api.UPDATE_CLOSURE, {**closure, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION)
    def delete_closure(self, index: int, actor: str, pick: int, version: str) -> None:
        closure = self._versioned("closures", "id", index, pick, version)
        self._change_closure(index, MutationCall(api.DELETE_CLOSURE, closure, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION, input_=inputs.SESSION_EDITS)
    def update_session(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        session = self._session(index, pick, version)
        self._do_after_dry_run(index, MutationCall(api.UPDATE_SESSION, {**session, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION, input_=inputs.CANCELLATIONS)
    def cancel_session(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        session = self._session(index, pick, version)
        self._do_after_dry_run(index, MutationCall(api.CANCEL_SESSION, {**session, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION, input_=inputs.REOPENINGS)
    def reopen_session(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        session = self._session(index, pick, version)
        self._do_after_dry_run(index, MutationCall(api.REOPEN_SESSION, {**session, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, pick=_PICK)
    def document_session(self, index: int, pick: int) -> None:
        self._document(index, self._pick_id("sessions", index, pick))

    @rule(
        index=_ORGANIZATION_INDEX, actor=_ACTOR, picks=_PICKS, days=inputs.SELECTED_DAYS, input_=inputs.SELECTED_EDITS
    )
    def update_sessions(
        self, index: int, actor: str, picks: list[int], days: dict[str, Any], input_: dict[str, Any]
    ) -> None:
        selection = self._selection(index, picks, days)
        self._do_after_dry_run(index, MutationCall(api.UPDATE_SESSIONS, {"selection": selection, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, picks=_PICKS, days=inputs.SELECTED_DAYS, input_=inputs.CANCELLATIONS)
    def cancel_sessions(
        self, index: int, actor: str, picks: list[int], days: dict[str, Any], input_: dict[str, Any]
    ) -> None:
        selection = self._selection(index, picks, days)
        self._do_after_dry_run(index, MutationCall(api.CANCEL_SESSIONS, {"selection": selection, **input_}, actor))

    @rule(index=_ORGANIZATION_INDEX, calls=st.lists(st.tuples(_ACTOR, _PICK, inputs.PATIENTS), min_size=1, max_size=4))
    def enroll(self, index: int, calls: list[tuple[str, int, str]]) -> None:
        for actor, pick, patient in calls:
            self._do(index, self._enroll_call(index, actor, pick, patient))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, version=_VERSION, reason=inputs.REASONS)
    def disenroll(self, index: int, actor: str, pick: int, version: str, reason: str) -> None:
        input_ = self._versioned("enrollments", "enrollmentId", index, pick, version)
        self._do(index, MutationCall(api.DISENROLL, {**input_, "reason": reason}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, over=st.booleans())
    def promote(self, index: int, actor: str, pick: int, over: bool) -> None:
        input_ = {"enrollmentId": self._waiting(index, pick), "allowOverCapacity": over}
        self._do(index, MutationCall(api.PROMOTE, input_, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, position=st.integers(0, 4))
    def move(self, index: int, actor: str, pick: int, position: int) -> None:
        self._do(
            index, MutationCall(api.MOVE, {"enrollmentId": self._waiting(index, pick), "position": position}, actor)
        )

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK)
    def remove(self, index: int, actor: str, pick: int) -> None:
        self._do(index, MutationCall(api.REMOVE, {"enrollmentId": self._pick_id("enrollments", index, pick)}, actor))

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, picks=_PICKS, pick=_PICK, input_=inputs.TRANSFERS)
    def transfer(self, index: int, actor: str, picks: list[int], pick: int, input_: dict[str, Any]) -> None:
        ids = list(dict.fromkeys(self._active(index, pick) for pick in picks))
        group = self._pick_id("groups", index, pick)
        call = MutationCall(api.TRANSFER, {"enrollmentIds": ids, "toGroupDefinitionId": group, **input_}, actor)
        self._do_after_dry_run(index, call)

    @rule(index=_ORGANIZATION_INDEX, actor=_ACTOR, pick=_PICK, over=st.booleans())
    def reinstate(self, index: int, actor: str, pick: int, over: bool) -> None:
        input_ = {"enrollmentId": self._ended(index, pick), "allowOverCapacity": over}
        self._do(index, MutationCall(api.REINSTATE, input_, actor))

    @rule(
        index=_ORGANIZATION_INDEX, patient=st.sampled_from(ACTIVE_PATIENTS), active=st.sampled_from([True, True, False])
    )
    def set_activity(self, index: int, patient: str, active: bool) -> None:
        self._set_activity(index, patient, active=active)

    @rule(index=_ORGANIZATION_INDEX, pick=_PICK)
    def staff_may_change_nothing(self, index: int, pick: int) -> None:
        call = self._enroll_call(index, "staff", pick, "patient-1")
        response = self._runner.run(
            self._clients[index, "staff"].try_execute(call.operation.document, {"input": dict(call.input)})
        )
        assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]
        counts["operations"] += 1

    @precondition(lambda self: any(model.groups for model in self._models))
    @rule(
        index=_ORGANIZATION_INDEX,
        pick=_PICK,
        choices=st.lists(
            st.tuples(st.sampled_from(["enroll", "leave", "move", "room", "transfer"]), _PICK), min_size=2, max_size=3
        ),
    )
    def concurrent_calls_have_some_order(self, index: int, pick: int, choices: list[tuple[str, int]]) -> None:
        """The results of concurrent calls equal those of the same calls in some order."""
        calls = [self._concurrent(index, pick, what, choice) for what, choice in choices]
        payloads = self._runner.run(api.send_at_once([(self._clients[index, call.actor], call) for call in calls]))
        counts["operations"] += len(calls)
        counts["at_once"] += 1
        done = [(call, payload) for call, payload in zip(calls, payloads, strict=True) if payload is not None]
        for order in permutations(done):
            counts["orders"] += 1
            model = copy.deepcopy(self._models[index])
            if all(call.expected(model, payload) == payload for call, payload in order) and self._matches_views(
                index, model
            ):
                self._models[index] = model
                return
        raise AssertionError(f"no order explains {calls} and {payloads}")
