"""Random clients of two organizations. Every step compares the API with the model."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.stateful import inputs
from tests.stateful import operations as api
from tests.stateful.drift import drift
from tests.stateful.enrollment_machine import ACTOR, ORGANIZATION_INDEX, PICK, PICKS, VERSION, EnrollmentMachine
from tests.stateful.operations import MutationCall
from tests.stateful.two_organizations import counts


class ApiMachine(EnrollmentMachine):
    """Every mutation, by random clients. Subclasses set the database's URLs."""

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, input_=inputs.NEW_GROUPS)
    def create_group(self, index: int, actor: str, input_: dict[str, Any]) -> None:
        self._do(index, MutationCall(api.CREATE_GROUP, input_, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.GROUP_EDITS)
    def update_group(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        self._do(index, MutationCall(api.UPDATE_GROUP, {**self._group(index, pick, version), **input_}, actor))

    @rule(
        index=ORGANIZATION_INDEX,
        actor=ACTOR,
        pick=PICK,
        version=VERSION,
        sessions=inputs.SESSIONS_OF_DELETED,
        sure=st.integers(0, 3),
    )
    def delete_group(
        self, index: int, actor: str, pick: int, version: str, sessions: dict[str, Any], sure: int
    ) -> None:
        if sure == 0:  # otherwise most groups would be deleted most of the time
            self._do(index, MutationCall(api.DELETE_GROUP, {**self._group(index, pick, version), **sessions}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION)
    def restore_group(self, index: int, actor: str, pick: int, version: str) -> None:
        deleted = [group["id"] for group in self._models[index].groups.values() if group["deletedAt"]]
        input_ = self._group(index, pick, version)
        if deleted and pick < 80:
            input_["id"] = deleted[pick % len(deleted)]
        self._do(index, MutationCall(api.RESTORE_GROUP, input_, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, input_=inputs.NEW_SESSIONS)
    def create_session(self, index: int, actor: str, pick: int, input_: dict[str, Any]) -> None:
        group = self._pick_id("groups", index, pick)
        self._do_after_dry_run(index, MutationCall(api.CREATE_SESSION, {"groupDefinitionId": group, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, input_=inputs.WINDOWS)
    def generate_sessions(self, index: int, actor: str, pick: int, input_: dict[str, Any]) -> None:
        group = self._pick_id("groups", index, pick)
        self._do_after_dry_run(index, MutationCall(api.GENERATE, {"groupDefinitionId": group, **input_}, actor))

    @rule(
        index=ORGANIZATION_INDEX,
        actor=ACTOR,
        pick=PICK,
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

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, input_=inputs.NEW_CLOSURES)
    def create_closure(self, index: int, actor: str, input_: dict[str, Any]) -> None:
        self._change_closure(index, MutationCall(api.CREATE_CLOSURE, input_, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.CLOSURE_EDITS)
    def update_closure(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        closure = self._versioned("closures", "id", index, pick, version)
        self._change_closure(index, MutationCall(api.UPDATE_CLOSURE, {**closure, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION)
    def delete_closure(self, index: int, actor: str, pick: int, version: str) -> None:
        closure = self._versioned("closures", "id", index, pick, version)
        self._change_closure(index, MutationCall(api.DELETE_CLOSURE, closure, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.SESSION_EDITS)
    def update_session(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        session = self._session(index, pick, version)
        self._do_after_dry_run(index, MutationCall(api.UPDATE_SESSION, {**session, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.CANCELLATIONS)
    def cancel_session(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        session = self._session(index, pick, version)
        self._do_after_dry_run(index, MutationCall(api.CANCEL_SESSION, {**session, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.REOPENINGS)
    def reopen_session(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        session = self._session(index, pick, version)
        self._do_after_dry_run(index, MutationCall(api.REOPEN_SESSION, {**session, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, pick=PICK)
    def document_session(self, index: int, pick: int) -> None:
        self._document(index, self._pick_id("sessions", index, pick))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, picks=PICKS, days=inputs.SELECTED_DAYS, input_=inputs.SELECTED_EDITS)
    def update_sessions(
        self, index: int, actor: str, picks: list[int], days: dict[str, Any], input_: dict[str, Any]
    ) -> None:
        selection = self._selection(index, picks, days)
        self._do_after_dry_run(index, MutationCall(api.UPDATE_SESSIONS, {"selection": selection, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, picks=PICKS, days=inputs.SELECTED_DAYS, input_=inputs.CANCELLATIONS)
    def cancel_sessions(
        self, index: int, actor: str, picks: list[int], days: dict[str, Any], input_: dict[str, Any]
    ) -> None:
        selection = self._selection(index, picks, days)
        self._do_after_dry_run(index, MutationCall(api.CANCEL_SESSIONS, {"selection": selection, **input_}, actor))
