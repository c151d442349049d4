"""Random clients of two organizations who change enrollments. Every step compares the API with the model."""

import copy
import dataclasses
from itertools import permutations
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.stateful import inputs
from tests.stateful import operations as api
from tests.stateful.model import ACTIVE_PATIENTS
from tests.stateful.operations import MutationCall
from tests.stateful.two_organizations import TwoOrganizations, counts

PICK: Final = st.integers(0, 99)
PICKS: Final = st.lists(PICK, min_size=1, max_size=4)
ORGANIZATION_INDEX: Final = st.integers(0, 1)
ACTOR: Final = st.sampled_from(["nurse", "doctor"])
VERSION: Final = st.sampled_from(["none", "none", "none", "current", "current", "current", "stale", "future"])
_CONCURRENT: Final = ("enroll", "enroll many", "leave", "move", "room", "transfer", "reinstate", "edit")


class EnrollmentMachine(TwoOrganizations):
    """Every mutation of enrollments. Subclasses set the database's URLs, and add rules."""

    @initialize()
    def begin(self) -> None:
        counts["examples"] += 1
        self._runner.run(self._begin())
        for index in (0, 1):
            for input_ in (inputs.ANOTHER_GROUP, inputs.A_GROUP):
                self._do(index, MutationCall(api.CREATE_GROUP, input_, "nurse"))
            for group in self._models[index].groups:
                self._do(index, MutationCall(api.GENERATE, {"groupDefinitionId": group, **inputs.A_WINDOW}, "nurse"))
            self._document(index, next(iter(self._models[index].sessions)))  # the first session is over
            for patient in ACTIVE_PATIENTS[:3]:  # one is enrolled and two wait from the beginning
                self._do(index, self._enroll_call(index, "nurse", 0, patient))

    @rule(index=ORGANIZATION_INDEX, calls=st.lists(st.tuples(ACTOR, PICK, inputs.PATIENTS), min_size=1, max_size=4))
    def enroll(self, index: int, calls: list[tuple[str, int, str]]) -> None:
        for actor, pick, patient in calls:
            self._do(index, self._enroll_call(index, actor, pick, patient))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, patient=inputs.PATIENTS, stay=inputs.STAYS)
    def enroll_for_days(self, index: int, actor: str, pick: int, patient: str, stay: dict[str, Any]) -> None:
        call = self._enroll_call(index, actor, pick, patient)
        self._do_after_dry_run(index, dataclasses.replace(call, input={**call.input, **stay}))

    @rule(
        index=ORGANIZATION_INDEX,
        actor=ACTOR,
        pick=PICK,
        patients=st.lists(inputs.PATIENTS, max_size=4),
        stay=inputs.STAYS,
    )
    def enroll_many(self, index: int, actor: str, pick: int, patients: list[str], stay: dict[str, Any]) -> None:
        group = self._pick_id("groups", index, pick)
        input_ = {"groupDefinitionId": group, "patientIds": patients, **stay}
        self._do_after_dry_run(index, MutationCall(api.ENROLL_MANY, input_, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.STAY_EDITS)
    def update_enrollment(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        enrollment = self._enrollment(index, pick, version)
        self._do(index, MutationCall(api.UPDATE_ENROLLMENT, {**enrollment, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, version=VERSION, input_=inputs.DEPARTURES)
    def disenroll(self, index: int, actor: str, pick: int, version: str, input_: dict[str, Any]) -> None:
        enrollment = self._enrollment(index, pick, version)
        self._do(index, MutationCall(api.DISENROLL, {**enrollment, **input_}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, over=st.booleans())
    def promote(self, index: int, actor: str, pick: int, over: bool) -> None:
        input_ = {"enrollmentId": self._waiting(index, pick), "allowOverCapacity": over}
        self._do(index, MutationCall(api.PROMOTE, input_, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, position=st.integers(0, 4))
    def move(self, index: int, actor: str, pick: int, position: int) -> None:
        self._do(
            index, MutationCall(api.MOVE, {"enrollmentId": self._waiting(index, pick), "position": position}, actor)
        )

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK)
    def remove(self, index: int, actor: str, pick: int) -> None:
        self._do(index, MutationCall(api.REMOVE, {"enrollmentId": self._pick_id("enrollments", index, pick)}, actor))

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, picks=PICKS, pick=PICK, input_=inputs.TRANSFERS)
    def transfer(self, index: int, actor: str, picks: list[int], pick: int, input_: dict[str, Any]) -> None:
        ids = list(dict.fromkeys(self._active(index, pick) for pick in picks))
        group = self._group_to_enter(index, ids, pick)
        call = MutationCall(api.TRANSFER, {"enrollmentIds": ids, "toGroupDefinitionId": group, **input_}, actor)
        self._do_after_dry_run(index, call)

    @rule(index=ORGANIZATION_INDEX, actor=ACTOR, pick=PICK, over=st.booleans())
    def reinstate(self, index: int, actor: str, pick: int, over: bool) -> None:
        input_ = {"enrollmentId": self._ended(index, pick), "allowOverCapacity": over}
        self._do(index, MutationCall(api.REINSTATE, input_, actor))

    @rule(
        index=ORGANIZATION_INDEX, patient=st.sampled_from(ACTIVE_PATIENTS), active=st.sampled_from([True, True, False])
    )
    def set_activity(self, index: int, patient: str, active: bool) -> None:
        self._set_activity(index, patient, active=active)

    @rule(index=ORGANIZATION_INDEX, pick=PICK)
    def staff_may_change_nothing(self, index: int, pick: int) -> None:
        call = self._enroll_call(index, "staff", pick, "patient-1")
        response = self._runner.run(
            self._clients[index, "staff"].try_execute(call.operation.document, {"input": dict(call.input)})
        )
        assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]
        counts["operations"] += 1

    @precondition(lambda self: any(model.groups for model in self._models))
    @rule(
        index=ORGANIZATION_INDEX,
        pick=PICK,
        choices=st.lists(st.tuples(st.sampled_from(_CONCURRENT), PICK), min_size=2, max_size=3),
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
