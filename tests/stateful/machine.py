"""Random clients of two organizations, held against the model after every step."""

import asyncio
import copy
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
from tests.stateful import inputs
from tests.stateful import operations as api
from tests.stateful.model import ACTIVE_PATIENTS, Model, Payload
from tests.stateful.operations import Call, Operation
from tests.support.api_client import ApiClient, ApiClients, make_app, make_clinic
from tests.support.clinic import seed
from tests.support.databases import TestedDatabase
from tests.support.invariants import assert_invariants

_UNKNOWN: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
_MALFORMED: Final = "nonsense"
_PICK = st.integers(0, 99)
_ORGANIZATION = st.integers(0, 1)
_ACTOR = st.sampled_from(["nurse", "doctor"])
_VERSION = st.sampled_from(["unsaid", "unsaid", "right", "stale"])

counts: Counter[str] = Counter()
"""Operations, examples and orders tried, over all machines of this process."""


class ApiMachine(RuleBasedStateMachine):
    """Two organizations on one database. Subclasses name the database."""

    database_url = ""
    administrator_url = ""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._engine = TestedDatabase(self.database_url, self.administrator_url, pool_size=4)
        clinic = make_clinic(self._engine)
        self._make_client = ApiClients(make_app(clinic), self._open)
        self._organizations = [f"org-{uuid4().hex}" for _ in range(2)]
        self._models = [Model(), Model()]
        self._clients: dict[tuple[int, str], ApiClient] = {}

    @initialize()
    def begin(self) -> None:
        counts["examples"] += 1
        self._runner.run(self._begin())
        for whose in (0, 1):
            self._do(whose, Call(api.CREATE_GROUP, inputs.A_GROUP, "nurse"))
            for patient in ACTIVE_PATIENTS[:3]:  # one is seated, and two wait from the beginning
                self._do(whose, self._enrolling(whose, "nurse", 0, patient))

    async def _begin(self) -> None:
        for number, organization in enumerate(self._organizations):
            await seed(self._engine, organization, len(ACTIVE_PATIENTS))
            for actor in ("nurse", "doctor"):
                self._clients[number, actor] = await self._make_client(organization=organization, subject=actor)
            self._clients[number, "staff"] = await self._make_client(organization=organization, roles=["staff"])

    @rule(whose=_ORGANIZATION, actor=_ACTOR, given=inputs.NEW_GROUPS)
    def create_group(self, whose: int, actor: str, given: dict[str, Any]) -> None:
        self._do(whose, Call(api.CREATE_GROUP, given, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, version=_VERSION, given=inputs.GROUP_EDITS)
    def update_group(self, whose: int, actor: str, pick: int, version: str, given: dict[str, Any]) -> None:
        self._do(whose, Call(api.UPDATE_GROUP, {**self._group(whose, pick, version), **given}, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, version=_VERSION, sure=st.integers(0, 3))
    def delete_group(self, whose: int, actor: str, pick: int, version: str, sure: int) -> None:
        if sure == 0:  # else most groups would be deleted most of the time
            self._do(whose, Call(api.DELETE_GROUP, self._group(whose, pick, version), actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, given=inputs.NEW_SESSIONS)
    def create_session(self, whose: int, actor: str, pick: int, given: dict[str, Any]) -> None:
        group = self._chosen("groups", whose, pick)
        self._do(whose, Call(api.CREATE_SESSION, {"groupDefinitionId": group, **given}, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, given=inputs.WINDOWS)
    def generate_sessions(self, whose: int, actor: str, pick: int, given: dict[str, Any]) -> None:
        group = self._chosen("groups", whose, pick)
        self._do(whose, Call(api.GENERATE, {"groupDefinitionId": group, **given}, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, version=_VERSION, given=inputs.SESSION_EDITS)
    def update_session(self, whose: int, actor: str, pick: int, version: str, given: dict[str, Any]) -> None:
        self._do(whose, Call(api.UPDATE_SESSION, {**self._session(whose, pick, version), **given}, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, version=_VERSION, reason=inputs.REASONS)
    def cancel_session(self, whose: int, actor: str, pick: int, version: str, reason: str) -> None:
        self._do(whose, Call(api.CANCEL_SESSION, {**self._session(whose, pick, version), "reason": reason}, actor))

    @rule(whose=_ORGANIZATION, calls=st.lists(st.tuples(_ACTOR, _PICK, inputs.PATIENTS), min_size=1, max_size=4))
    def enroll(self, whose: int, calls: list[tuple[str, int, str]]) -> None:
        for actor, pick, patient in calls:
            self._do(whose, self._enrolling(whose, actor, pick, patient))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, version=_VERSION, reason=inputs.REASONS)
    def disenroll(self, whose: int, actor: str, pick: int, version: str, reason: str) -> None:
        given = self._versioned("enrollments", "enrollmentId", whose, pick, version)
        self._do(whose, Call(api.DISENROLL, {**given, "reason": reason}, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, over=st.booleans())
    def promote(self, whose: int, actor: str, pick: int, over: bool) -> None:
        given = {"enrollmentId": self._waiting(whose, pick), "allowOverCapacity": over}
        self._do(whose, Call(api.PROMOTE, given, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK, position=st.integers(0, 4))
    def move(self, whose: int, actor: str, pick: int, position: int) -> None:
        self._do(whose, Call(api.MOVE, {"enrollmentId": self._waiting(whose, pick), "position": position}, actor))

    @rule(whose=_ORGANIZATION, actor=_ACTOR, pick=_PICK)
    def remove(self, whose: int, actor: str, pick: int) -> None:
        self._do(whose, Call(api.REMOVE, {"enrollmentId": self._chosen("enrollments", whose, pick)}, actor))

    @rule(whose=_ORGANIZATION, pick=_PICK)
    def staff_may_change_nothing(self, whose: int, pick: int) -> None:
        call = self._enrolling(whose, "staff", pick, "patient-1")
        answer = self._runner.run(
            self._clients[whose, "staff"].answer(call.operation.document, {"input": dict(call.input)})
        )
        assert [each["extensions"]["code"] for each in answer["errors"]] == ["FORBIDDEN"]
        counts["operations"] += 1

    @precondition(lambda self: any(model.groups for model in self._models))
    @rule(
        whose=_ORGANIZATION,
        pick=_PICK,
        asked=st.lists(st.tuples(st.sampled_from(["enroll", "leave", "move", "room"]), _PICK), min_size=2, max_size=3),
    )
    def several_at_once(self, whose: int, pick: int, asked: list[tuple[str, int]]) -> None:
        """What came of calls that are sent at once is what would have come of them in some order."""
        calls = [self._concurrent(whose, pick, what, choice) for what, choice in asked]
        told = self._runner.run(api.send_at_once([(self._clients[whose, each.actor], each) for each in calls]))
        counts["operations"] += len(calls)
        counts["at_once"] += 1
        done = [(call, payload) for call, payload in zip(calls, told, strict=True) if payload is not None]
        for order in permutations(done):
            counts["orders"] += 1
            model = copy.deepcopy(self._models[whose])
            if all(call.expected(model, payload) == payload for call, payload in order) and self._seen(whose, model):
                self._models[whose] = model
                return
        raise AssertionError(f"no order explains {calls} and {told}")

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
                    group: told for group, told in self._models[number].events.items() if told
                }
        finally:
            await self._open.aclose()
            await self._engine.dispose()

    def _do(self, whose: int, call: Call) -> None:
        counts["operations"] += 1
        told = self._runner.run(api.send(self._clients[whose, call.actor], call))
        if told is None:
            counts["busy"] += 1
            return
        assert told == call.expected(self._models[whose], told)
        counts["accepted"] += told["userErrors"] == []
        groups = self._touched(whose, call, told)
        self._runner.run(self._assert_views(whose, groups))

    async def _assert_views(self, whose: int, groups: Iterable[str]) -> None:
        for group in groups:
            await self._assert_view(whose, group)

    async def _assert_view(self, whose: int, group: str) -> None:
        assert await api.view(self._clients[whose, "doctor"], group) == self._models[whose].view(group)
        assert await api.view(self._clients[1 - whose, "doctor"], group) is None
        counts["views"] += 2

    def _seen(self, whose: int, model: Model) -> bool:
        async def matches() -> bool:
            client = self._clients[whose, "nurse"]
            return all([await api.view(client, group) == model.view(group) for group in model.groups])

        return self._runner.run(matches())

    async def _events(self, organization: str) -> dict[str, Counter[tuple[str, str]]]:
        told: dict[str, Counter[tuple[str, str]]] = {}
        query = select(outbox.c.group_definition_id, outbox.c.envelope).where(outbox.c.organization_id == organization)
        async with self._engine.connect() as connection:
            for group, envelope in await connection.execute(query):
                payload = envelope["payload"]
                record = payload.get("schedule_id") or payload["enrollment_id"]
                told.setdefault(str(group), Counter())[envelope["event"], record] += 1
        return told

    def _touched(self, whose: int, call: Call, told: Payload) -> set[str]:
        model, given = self._models[whose], call.input
        named = given.get("groupDefinitionId") or given.get("id") or given.get("enrollmentId") or ""
        record = model.sessions.get(named) or model.enrollments.get(named)
        group = record["groupDefinition"]["id"] if record else named
        made = (told.get("groupDefinition") or {}).get("id", group)
        return {made} & model.groups.keys()

    def _chosen(self, kind: str, whose: int, pick: int) -> str:
        """An id of ours mostly; now and then another organization's, an unknown one, or none at all."""
        ours: list[str] = list(getattr(self._models[whose], kind))
        theirs: list[str] = list(getattr(self._models[1 - whose], kind))
        if pick >= 97 or (pick >= 94 and not theirs) or not ours:
            return _UNKNOWN if pick % 2 else _MALFORMED
        return theirs[pick % len(theirs)] if pick >= 94 else ours[-1 - pick % len(ours)]

    def _waiting(self, whose: int, pick: int) -> str:
        waiting = [each["id"] for each in self._models[whose].enrollments.values() if each["status"] == "WAITLISTED"]
        return waiting[pick % len(waiting)] if waiting and pick < 80 else self._chosen("enrollments", whose, pick)

    def _versioned(self, kind: str, field: str, whose: int, pick: int, version: str) -> dict[str, Any]:
        chosen = self._chosen(kind, whose, pick)
        held = getattr(self._models[whose], kind).get(chosen, {}).get("version", 1)
        return {field: chosen} | {
            "unsaid": {},
            "right": {"expectedVersion": held},
            "stale": {"expectedVersion": held + 1 if pick % 2 else held - 1},
        }[version]

    def _group(self, whose: int, pick: int, version: str) -> dict[str, Any]:
        return self._versioned("groups", "id", whose, pick, version)

    def _session(self, whose: int, pick: int, version: str) -> dict[str, Any]:
        return self._versioned("sessions", "id", whose, pick, version)

    def _enrolling(self, whose: int, actor: str, pick: int, patient: str) -> Call:
        given = {"groupDefinitionId": self._chosen("groups", whose, pick), "patientId": patient}
        return Call(api.ENROLL, given, actor)

    def _concurrent(self, whose: int, pick: int, what: str, choice: int) -> Call:
        actor = ("nurse", "doctor")[choice % 2]
        if what == "enroll":
            return self._enrolling(whose, actor, pick, ACTIVE_PATIENTS[choice % len(ACTIVE_PATIENTS)])
        if what == "room":
            given = {"id": self._chosen("groups", whose, pick), "maxCapacity": 1 + choice % 4}
            return Call(api.UPDATE_GROUP, given, actor)
        operation: Operation = api.MOVE if what == "move" else api.DISENROLL
        given = {"enrollmentId": self._waiting(whose, choice)}
        return Call(operation, {**given, "position": 1 + choice % 3} if what == "move" else given, actor)
