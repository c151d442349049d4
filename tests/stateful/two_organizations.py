"""The clients and models of two organizations, and how a step compares them."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any, Final
from uuid import uuid4

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select

from db.connections.engine import Pooling
from db.tables import outbox
from tests.stateful import operations as api
from tests.stateful import session_end_rules
from tests.stateful.documenting import document
from tests.stateful.drift import view
from tests.stateful.model import ACTIVE_PATIENTS, STAFF, Model, Payload
from tests.stateful.operations import ModelledMutation, MutationCall
from tests.stateful.registry import set_activity, store_activity
from tests.support.api_client import ApiClient, ApiClients, make_app, make_clinic
from tests.support.clinic import seed
from tests.support.databases import TestedDatabase
from tests.support.invariants import assert_invariants
from tests.support.receiver import SECRET

_UNKNOWN: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
_MALFORMED: Final = "nonsense"

counts: Counter[str] = Counter()
"""The numbers of operations, examples and orders, over all machines of this process."""


class TwoOrganizations(RuleBasedStateMachine):
    """Two organizations in one database, each with a model. Subclasses set the database's URLs, and add rules."""

    database_url = ""
    administrator_url = ""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._engine = TestedDatabase(self.database_url, self.administrator_url, pooling=Pooling(4, 4))
        clinic = make_clinic(self._engine)
        self._app = make_app(clinic, inbound_secret=SECRET)
        self._make_client = ApiClients(self._app, self._open)
        self._organizations = [f"org-{uuid4().hex}" for _ in range(2)]
        self._models = [Model(), Model()]
        self._clients: dict[tuple[int, str], ApiClient] = {}

    async def _begin(self) -> None:
        for number, organization in enumerate(self._organizations):
            await seed(self._engine, organization, len(ACTIVE_PATIENTS))
            for actor in ("nurse", "doctor"):
                self._clients[number, actor] = await self._make_client(organization=organization, subject=actor)
            self._clients[number, "staff"] = await self._make_client(organization=organization, roles=["staff"])

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
        assert response == session_end_rules.document(self._models[index], session)
        counts["operations"] += 1
        counts[f"documenting: {response[1]}"] += 1
        self._runner.run(self._assert_views(index, self._models[index].groups))

    def _set_activity(self, index: int, patient: str, *, active: bool) -> None:
        """Activate or deactivate a patient, as an import from the registry does."""
        organization = self._organizations[index]
        self._runner.run(store_activity(self._engine, organization, patient, active=active))
        set_activity(self._models[index], patient, active=active)
        counts["operations"] += 1
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
        if "selection" in input_ or "enrollmentIds" in input_:
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

    def _group_to_enter(self, index: int, enrollments: list[str], pick: int) -> str:
        """Return a group that none of the patients is in; sometimes any id."""
        model = self._models[index]
        patients = [item["patient"] for item in model.enrollments.values() if item["id"] in enrollments]
        groups = [
            group
            for group in model.groups
            if not any(item["patient"] in patients for item in [*model.seated(group), *model.waiting(group)])
        ]
        return groups[pick % len(groups)] if groups and pick < 80 else self._pick_id("groups", index, pick)

    def _active(self, index: int, pick: int) -> str:
        active = [item["id"] for item in self._models[index].enrollments.values() if item["status"] != "DISENROLLED"]
        return active[pick % len(active)] if active and pick < 90 else self._pick_id("enrollments", index, pick)

    def _ended(self, index: int, pick: int) -> str:
        ended = [item["id"] for item in self._models[index].enrollments.values() if item["status"] == "DISENROLLED"]
        return ended[pick % len(ended)] if ended and pick < 90 else self._pick_id("enrollments", index, pick)

    def _waiting(self, index: int, pick: int) -> str:
        waiting = [item["id"] for item in self._models[index].enrollments.values() if item["status"] == "WAITLISTED"]
        return waiting[pick % len(waiting)] if waiting and pick < 80 else self._pick_id("enrollments", index, pick)

    def _versioned(self, kind: str, field: str, index: int, pick: int, version: str) -> dict[str, Any]:
        return self._with_version(kind, field, index, self._pick_id(kind, index, pick), version)

    def _with_version(self, kind: str, field: str, index: int, chosen: str, version: str) -> dict[str, Any]:
        current = getattr(self._models[index], kind).get(chosen, {}).get("version", 1)
        return {field: chosen} | {
            "none": {},
            "current": {"expectedVersion": current},
            "stale": {"expectedVersion": current - 1},
            "future": {"expectedVersion": current + 1},
        }[version]

    def _enrollment(self, index: int, pick: int, version: str) -> dict[str, Any]:
        """Return an enrollment, mostly an active one."""
        chosen = self._active(index, pick) if pick % 4 else self._pick_id("enrollments", index, pick)
        return self._with_version("enrollments", "enrollmentId", index, chosen, version)

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
        group, active = self._pick_id("groups", index, pick), self._active(index, choice)
        waiting = self._waiting(index, choice)
        patients = [ACTIVE_PATIENTS[number % len(ACTIVE_PATIENTS)] for number in (choice, choice + 1)]
        calls: dict[str, tuple[ModelledMutation, dict[str, Any]]] = {
            "enroll": (api.ENROLL, {"groupDefinitionId": group, "patientId": patients[0]}),
            "enroll many": (api.ENROLL_MANY, {"groupDefinitionId": group, "patientIds": patients}),
            "leave": (api.DISENROLL, {"enrollmentId": waiting}),
            "move": (api.MOVE, {"enrollmentId": waiting, "position": 1 + choice % 3}),
            "room": (api.UPDATE_GROUP, {"id": group, "maxCapacity": 1 + choice % 4}),
            "transfer": (api.TRANSFER, {"enrollmentIds": [active], "toGroupDefinitionId": group}),
            "reinstate": (
                api.REINSTATE,
                {"enrollmentId": self._ended(index, choice), "allowOverCapacity": choice % 5 == 0},
            ),
            "edit": (
                api.UPDATE_ENROLLMENT,
                {"enrollmentId": active, "endDate": None if choice % 2 else "2090-01-01"},
            ),
        }
        operation, input_ = calls[what]
        return MutationCall(operation, input_, ("nurse", "doctor")[choice % 2])
