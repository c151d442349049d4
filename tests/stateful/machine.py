"""Random clients of two organizations. Every step compares the API with the model."""

import asyncio
import copy
import dataclasses
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from itertools import permutations
from typing import Any, Final
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import select

from db.tables import outbox
from tests.stateful import inputs, session_rules
from tests.stateful import operations as api
from tests.stateful.documenting import document
from tests.stateful.drift import drift, view
from tests.stateful.model import ACTIVE_PATIENTS, STAFF, Model, Payload
from tests.stateful.operations import ModelledMutation, MutationCall
from tests.support.api_client import ApiClient, ApiClients, make_app, make_clinic
from tests.support.clinic import seed
from tests.support.databases import TestedDatabase
from tests.support.invariants import assert_invariants
from tests.support.receiver import SECRET

_UNKNOWN: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
_MALFORMED: Final = "nonsense"
_PICK = st.integers(0, 99)
_PICKS = st.lists(_PICK, min_size=1, max_size=4)
_ORGANIZATION_INDEX = st.integers(0, 1)
_ACTOR = st.sampled_from(["nurse", "doctor"])
_VERSION = st.sampled_from(["none", "none", "current", "stale"])

counts: Counter[str] = Counter()
"""The numbers of operations, examples and orders, over all machines of this process."""


class ApiMachine(RuleBasedStateMachine):
    """Two organizations in one database. Subclasses set its URLs."""

    database_url = ""
    administrator_url = ""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._engine = TestedDatabase(self.database_url, self.administrator_url, pool_size=4)
        clinic = make_clinic(self._engine)
        self._app = make_app(clinic, inbound_secret=SECRET)
        self._make_client = ApiClients(self._app, self._open)
        self._organizations = [f"org-{uuid4().hex}" for _ in range(2)]
        self._models = [Model(), Model()]
        self._clients: dict[tuple[int, str], ApiClient] = {}

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

    async def _begin(self) -> None:
        for number, organization in enumerate(self._organizations):
            await seed(self._engine, organization, len(ACTIVE_PATIENTS))
            for actor in ("nurse", "doctor"):
                self._clients[number, actor] = await self._make_client(organization=organization, subject=actor)
            self._clients[number, "staff"] = await self._make_client(organization=organization, roles=["staff"])

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
            st.tuples(st.sampled_from(["enroll", "leave", "move", "room"]), _PICK), min_size=2, max_size=3
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

    def teardown(self) -> None:
        try:
            self._runner.run(self._end())
        finally:
            self._runner.close()

    async def _end(self) -> None:
        try:
            for number, organization in enumerate(self._organizations):
                for group in self._models[number].groups:
                    await self._assert_view(number, group)
                await assert_invariants(self._engine, organization)
                assert await self._events(organization) == {
                    group: events for group, events in self._models[number].events.items() if events
                }
        finally:
            await self._open.aclose()
            await self._engine.dispose()

    def _do(self, index: int, call: MutationCall) -> Payload | None:
        counts["operations"] += 1
        payload = self._runner.run(api.send(self._clients[index, call.actor], call))
        if payload is None:
            counts["busy"] += 1
            return None
        assert payload == call.expected(self._models[index], payload)
        counts["accepted"] += payload["userErrors"] == []
        groups = self._changed_groups(index, call, payload)
        self._runner.run(self._assert_views(index, groups))
        return payload

    def _do_after_dry_run(self, index: int, call: MutationCall) -> None:
        """Send a call. If it is a dry run, send it for real afterwards: by the model, both have the same payload."""
        payload = self._do(index, call)
        if call.input.get("dryRun") and payload is not None:
            counts[f"dry run: {call.operation.name}"] += payload["userErrors"] == []
            self._do(index, dataclasses.replace(call, input={**call.input, "dryRun": False}))

    def _document(self, index: int, session: str) -> None:
        """Document a session, as another module does."""
        response = self._runner.run(document(self._app, self._organizations[index], session))
        assert response == session_rules.document(self._models[index], session)
        counts["operations"] += 1
        counts[f"documenting: {response[1]}"] += 1
        self._runner.run(self._assert_views(index, self._models[index].groups))

    def _change_closure(self, index: int, call: MutationCall) -> None:
        """Send a change of closures. It can change how the calendar of any group differs from its definition."""
        self._do(index, call)
        closures = self._runner.run(api.closure_list(self._clients[index, call.actor]))
        assert closures == self._models[index].closure_list()
        self._runner.run(self._assert_views(index, self._models[index].groups))

    async def _assert_views(self, index: int, groups: Iterable[str]) -> None:
        for group in groups:
            await self._assert_view(index, group)

    async def _assert_view(self, index: int, group: str) -> None:
        assert await api.view(self._clients[index, "doctor"], group) == view(self._models[index], group)
        assert await api.view(self._clients[1 - index, "doctor"], group) is None
        counts["views"] += 2

    def _matches_views(self, index: int, model: Model) -> bool:
        async def matches() -> bool:
            client = self._clients[index, "nurse"]
            return all([await api.view(client, group) == view(model, group) for group in model.groups])

        return self._runner.run(matches())

    async def _events(self, organization: str) -> dict[str, Counter[tuple[str, str]]]:
        events: dict[str, Counter[tuple[str, str]]] = {}
        query = select(outbox.c.group_definition_id, outbox.c.envelope).where(outbox.c.organization_id == organization)
        async with self._engine.connect() as connection:
            for group, envelope in await connection.execute(query):
                payload = envelope["payload"]
                record = payload.get("schedule_id") or payload["enrollment_id"]
                events.setdefault(str(group), Counter())[envelope["event"], record] += 1
        return events

    def _changed_groups(self, index: int, call: MutationCall, payload: Payload) -> set[str]:
        model, input_ = self._models[index], call.input
        if "selection" in input_:
            return set(model.groups)
        named = input_.get("groupDefinitionId") or input_.get("id") or input_.get("enrollmentId") or ""
        record = model.sessions.get(named) or model.enrollments.get(named)
        group = record["groupDefinition"]["id"] if record else named
        changed = (payload.get("groupDefinition") or {}).get("id", group)
        return {changed} & model.groups.keys()

    def _pick_id(self, kind: str, index: int, pick: int) -> str:
        """Return an id of the organization; sometimes one of the other organization, an unknown or a malformed one."""
        own: list[str] = list(getattr(self._models[index], kind))
        other: list[str] = list(getattr(self._models[1 - index], kind))
        if pick >= 97 or (pick >= 94 and not other) or not own:
            return _UNKNOWN if pick % 2 else _MALFORMED
        return other[pick % len(other)] if pick >= 94 else own[-1 - pick % len(own)]

    def _series(self, index: int, pick: int) -> str:
        """Return the group of a session that fills a slot; sometimes any id."""
        filled = [item for item in self._models[index].sessions.values() if item["recurrenceDate"]]
        groups = list(dict.fromkeys(item["groupDefinition"]["id"] for item in filled))
        return groups[pick % len(groups)] if groups and pick < 80 else self._pick_id("groups", index, pick)

    def _waiting(self, index: int, pick: int) -> str:
        waiting = [item["id"] for item in self._models[index].enrollments.values() if item["status"] == "WAITLISTED"]
        return waiting[pick % len(waiting)] if waiting and pick < 80 else self._pick_id("enrollments", index, pick)

    def _versioned(self, kind: str, field: str, index: int, pick: int, version: str) -> dict[str, Any]:
        chosen = self._pick_id(kind, index, pick)
        current = getattr(self._models[index], kind).get(chosen, {}).get("version", 1)
        return {field: chosen} | {
            "none": {},
            "current": {"expectedVersion": current},
            "stale": {"expectedVersion": current + 1 if pick % 2 else current - 1},
        }[version]

    def _group(self, index: int, pick: int, version: str) -> dict[str, Any]:
        return self._versioned("groups", "id", index, pick, version)

    def _session(self, index: int, pick: int, version: str) -> dict[str, Any]:
        return self._versioned("sessions", "id", index, pick, version)

    def _selection(self, index: int, picks: list[int], days: dict[str, Any]) -> dict[str, Any]:
        """Return a selection by ids, by days and a group, or by days and a facilitator."""
        first, kind = picks[0], picks[-1] % 3
        if kind == 0:
            return {"ids": [self._pick_id("sessions", index, pick) for pick in picks]}
        if kind == 1:
            return {**days, "groupDefinitionId": self._pick_id("groups", index, first)}
        return {**days, "facilitatorId": STAFF[first % len(STAFF)]}

    def _enroll_call(self, index: int, actor: str, pick: int, patient: str) -> MutationCall:
        input_ = {"groupDefinitionId": self._pick_id("groups", index, pick), "patientId": patient}
        return MutationCall(api.ENROLL, input_, actor)

    def _concurrent(self, index: int, pick: int, what: str, choice: int) -> MutationCall:
        actor = ("nurse", "doctor")[choice % 2]
        if what == "enroll":
            return self._enroll_call(index, actor, pick, ACTIVE_PATIENTS[choice % len(ACTIVE_PATIENTS)])
        if what == "room":
            input_ = {"id": self._pick_id("groups", index, pick), "maxCapacity": 1 + choice % 4}
            return MutationCall(api.UPDATE_GROUP, input_, actor)
        operation: ModelledMutation = api.MOVE if what == "move" else api.DISENROLL
        input_ = {"enrollmentId": self._waiting(index, choice)}
        return MutationCall(operation, {**input_, "position": 1 + choice % 3} if what == "move" else input_, actor)
