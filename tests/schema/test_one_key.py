"""A caller with one key reads only the data that the key opens, along every path of every operation.

The documents are generated from the schema, and all stored data is marked with its kind. So a new field without a guard
fails here, whether it shows data itself or leads to a type that does.
"""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_directive_values,
    get_named_type,
    is_object_type,
)

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from schema.admission.limits import Limits
from schema.schema import export
from server.settings.request_limits import RequestLimits
from tests.support.api_client import URL, ApiClient, bearer, make_app
from tests.support.marked_clinic import (
    KINDS,
    WAITLIST_LIMIT,
    Group,
    MarkedClinic,
    inputs_of,
    kinds_in,
    kinds_opened_by,
    refused_inputs_of,
)
from tests.support.whole_selection import required_arguments, whole_selections

# Each test executes every operation of the schema for every key, with and without the compiled executor.
pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

ALL = frozenset(PermissionKey)
UNLIMITED = RequestLimits(document=Limits(**dict.fromkeys(Limits.__slots__, 10**15)))
UNKNOWN = "01930000-0000-7000-8000-000000000000"
UNKNOWN_GROUP = Group(
    *(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
)
CORE = build_schema(export())
assert CORE.query_type is not None
assert CORE.mutation_type is not None
[REQUIRES] = [directive for directive in CORE.directives if directive.name == "requiresPermission"]
QUERIES, MUTATIONS = CORE.query_type.fields, CORE.mutation_type.fields

# The types that show stored data and that a caller with only this key can reach.
_GROUPS, _SCHEDULE, _ENROLLMENTS = "pm.group_definitions.", "pm.group_schedule.", "pm.group_enrollments."
_OF_GROUPS = {"GroupDefinition", "StaffMember", "Location", "AuditEntry"}
_OF_SCHEDULE = {"Occurrence", "StaffMember", "Location", "AuditEntry", "Closure"}
REACHABLE: dict[str, set[str]] = {
    **{f"{_GROUPS}{action}": _OF_GROUPS for action in ("view", "create")},
    **{f"{_GROUPS}{action}": _OF_GROUPS | {"Enrollment"} for action in ("edit", "delete")},
    f"{_SCHEDULE}view": _OF_SCHEDULE | {"CalendarFeed"},
    f"{_SCHEDULE}create": _OF_SCHEDULE,
    **{f"{_SCHEDULE}{action}": _OF_SCHEDULE | {"OccurrenceChange"} for action in ("edit", "delete")},
    f"{_ENROLLMENTS}view": {"Enrollment", "Patient", "AuditEntry", "StaffMember"},
    # The conflicts of an enrollment lead to sessions. They are empty without the view keys of both.
    **{f"{_ENROLLMENTS}{action}": {"Enrollment"} | _OF_SCHEDULE for action in ("create", "edit")},
    f"{_ENROLLMENTS}delete": {"Enrollment"},
}
SHOW_NO_RECORD = {
    *("Query", "Mutation", "Viewer", "PageInfo", "UserError", "AuditChange", "Capacity", "Recurrence"),
    *("RecurrencePreview", "Conflict", "ScheduleImpact", "ComplianceChange"),
    *("Compliance", "ComplianceRequirement", "ComplianceGap"),
    *("ComplianceRuleSet", "ComplianceSource", "PatientCompliance", "PatientComplianceChange"),
    *("ScheduleDrift", "ScheduleDriftItem"),
    *("EnrollmentResult", "EnrollmentDecision", "WaitlistExplanation"),
    *("Subscription", "Change"),
}
OPEN_FIELDS_OF_ENROLLMENTS = {
    *("id", "status", "waitlistPosition", "version", "createdAt", "updatedAt", "deletedAt"),
    *("waitlistedAt", "enrolledAt", "promotedAt", "disenrolledAt", "disenrollmentReason"),
    *("startDate", "endDate", "countsFromStart", "waitlistExplanation"),
}
"""The fields of an enrollment that mutations return without the view key. None of them may identify a patient."""


OPEN_LINKS = {
    *(f"{action}GroupDefinitionPayload.groupDefinition" for action in ("Create", "Update", "Delete", "Restore")),
    *(f"{action}OccurrencePayload.occurrence" for action in ("Create", "Update", "Cancel", "Reopen")),
    *("GenerateOccurrencesPayload.occurrences", "OccurrenceChange.occurrence", "OccurrencesPayload.changes"),
    *(f"{action}ClosurePayload.{name}" for action in ("Create", "Update") for name in ("closure", "affected")),
    *(f"{action}Payload.enrollment" for action in ("EnrollPatient", "DisenrollPatient", "RemoveEnrollment")),
    *(f"{action}Payload.enrollment" for action in ("PromoteEnrollment", "MoveWaitlistedEnrollment")),
    *(f"ReinstateEnrollmentPayload.{name}" for name in ("enrollment", "changedEnrollments")),
    *(f"{action}Payload.promoted" for action in ("DisenrollPatient", "RemoveEnrollment")),
    *("EnrollmentResult.enrollment", "TransferEnrollmentsPayload.promoted"),
    "UpdateEnrollmentPayload.enrollment",
    *(f"{action}GroupDefinitionPayload.promoted" for action in ("Update", "Restore")),
    *(f"{action}Payload.changedEnrollments" for action in ("EnrollPatient", "DisenrollPatient", "RemoveEnrollment")),
    *(f"{action}Payload.changedEnrollments" for action in ("PromoteEnrollment", "MoveWaitlistedEnrollment")),
    *(f"{action}GroupDefinitionPayload.changedEnrollments" for action in ("Update", "Restore")),
    *(f"GroupDefinition.{name}" for name in ("facilitator", "coFacilitator", "location", "history")),
    *(f"Occurrence.{name}" for name in ("facilitator", "coFacilitator", "location", "history")),
    *(f"{action}CalendarFeedPayload.calendarFeed" for action in ("Create", "Rotate")),
    *("CalendarFeed.facilitator", "CalendarFeed.location"),
    "Closure.location",
    "Closure.history",
    *(f"Conflict.{name}" for name in ("occurrences", "staffMember", "location", "closure")),
    "Patient.enrollments",
    "Patient.replacedBy",
    "PatientCompliance.patient",
    "AuditEntry.actor",
}
"""The fields that lead to records and require no key: every key that reaches their parent also opens these records."""

ALSO_REQUIRED = {"transferEnrollments": {PermissionKey.GROUP_ENROLLMENTS_CREATE}}
"""The keys that mutations always need in addition to that of their directive."""


def key_of(field: GraphQLField) -> str | None:
    arguments = get_directive_values(REQUIRES, field.ast_node) if field.ast_node else None
    return None if arguments is None else str(arguments["key"])


def reachable_types(key: str) -> set[str]:
    """Return the types that a caller with only this key can reach from any root."""
    reached: set[str] = set()
    pending: list[Any] = [CORE.query_type, CORE.mutation_type]
    while pending:
        type_ = pending.pop()
        if type_.name in reached or not is_object_type(type_):  # `node` requires the view key of the type
            continue
        reached.add(type_.name)
        pending += [get_named_type(field.type) for field in type_.fields.values() if key_of(field) in (None, key)]
    return reached


def test_every_type_is_listed_as_showing_records_or_not() -> None:
    records = set().union(*REACHABLE.values())
    unknown = {
        type_.name
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        and type_.name not in records | SHOW_NO_RECORD
        and not type_.name.startswith("__")
        and not type_.name.endswith(("Payload", "Connection", "Edge"))
    }
    assert unknown == set()


@pytest.mark.parametrize("key", PermissionKey)
def test_a_key_leads_to_the_types_that_it_opens_and_no_other(key: PermissionKey) -> None:
    assert reachable_types(key) & set().union(*REACHABLE.values()) == REACHABLE[key]


def test_a_field_that_leads_to_records_needs_a_key_unless_it_is_listed() -> None:
    records = set().union(*REACHABLE.values())
    guarded_types = records | {f"{record}Connection" for record in records}
    open_links = {
        f"{type_.name}.{name}"
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.endswith(("Connection", "Edge"))
        for name, field in type_.fields.items()
        if key_of(field) is None and get_named_type(field.type).name in guarded_types
    }
    assert open_links == OPEN_LINKS


def test_an_enrollment_shows_nothing_else_without_its_view_key() -> None:
    enrollment = CORE.type_map["Enrollment"]
    assert isinstance(enrollment, GraphQLObjectType)
    assert {name for name, field in enrollment.fields.items() if key_of(field) is None} == OPEN_FIELDS_OF_ENROLLMENTS


@pytest.fixture(params=["compiled", "graphql-core"])
def server(request: pytest.FixtureRequest, clinic: Clinic) -> httpx.ASGITransport:
    compiled = request.param == "compiled"
    clinic = replace(clinic, waitlist_limit=WAITLIST_LIMIT)
    app = make_app(clinic, limits=UNLIMITED, compiled=compiled)
    return httpx.ASGITransport(app)


def ids_of_nodes(group: Group) -> list[str]:
    return [
        group.id,
        group.session,
        group.past,
        group.closure,
        *group.changes,
        "patient:patient-id-1",
        "staff:s1",
        "location:l1",
    ]


class OneCaller:
    """A caller of one organization, and a summary of the responses that it received.

    Attributes:
        kinds: The kinds of stored data in all responses.
        refusals: The codes of all user errors.
    """

    def __init__(self, server: httpx.ASGITransport, clinic: MarkedClinic, *keys: PermissionKey) -> None:
        header = bearer(permissions=keys, organization=clinic.organization)
        self._api = ApiClient(httpx.AsyncClient(transport=server, base_url=URL, headers={"Authorization": header}))
        self._clinic = clinic
        self._keys = frozenset(map(str, keys))
        self.kinds: set[str] = set()
        self.refusals: set[str] = set()

    async def try_execute(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        result = await self._api.try_execute(document, variables)
        codes = {error["extensions"]["code"] for error in result.get("errors", ())}
        assert codes <= {"FORBIDDEN"}, result["errors"]
        text = json.dumps(result)
        for id_ in (variables or {}).get("input", {}).get("patientIds", ()):
            text = text.replace(f'"patient:{id_}"', "")  # the result of each patient repeats the id of the input
        self.kinds |= kinds_in(text)
        return result

    async def query_everything(self) -> None:
        group = await self._clinic.add_group()
        ids = {"groupDefinition": group.id, "occurrence": group.session, "enrollment": group.past}
        ids["patient"] = "patient-id-1"
        preview = '{rule: "FREQ=DAILY", startDate: "2034-01-01", startTime: "09:00:00"}'
        for name, field in QUERIES.items():
            arguments = required_arguments(
                field.args, {"id": "$id", "ids": "[$id]", "recurrence": preview, "program": "IOP"}
            )
            declared = "($id: ID!)" if "$id" in arguments else ""
            for selection in whole_selections(CORE, get_named_type(field.type)):
                document = f"query{declared} {{ {name}{arguments}{selection} }}"
                for node_id in ids_of_nodes(group) if name in {"node", "nodes"} else [ids.get(name)]:
                    await self.try_execute(document, {"id": node_id} if declared else None)

    async def types_of_nodes(self) -> set[str]:
        """Return the types of the records that `query_everything` reads by `node`."""
        document = "query ($id: ID!) { node(id: $id) { __typename } }"
        ids = ids_of_nodes(await self._clinic.add_group())
        return {(await self.try_execute(document, {"id": id_}))["data"]["node"]["__typename"] for id_ in ids}

    async def execute_mutations(self) -> None:
        for name, field in MUTATIONS.items():
            [selection] = whole_selections(CORE, get_named_type(field.type))
            document = f"mutation ($input: {field.args['input'].type}) {{ {name}(input: $input){selection} }}"
            if not {str(key_of(field)), *ALSO_REQUIRED.get(name, ())} <= self._keys:
                denied = await self.try_execute(document, {"input": inputs_of(UNKNOWN_GROUP, name)[0]})
                assert (denied["data"] or {}).get(name) is None
                continue
            group = await self._clinic.add_group()
            for number, values in enumerate(inputs_of(group, name)):
                payload = (await self.try_execute(document, {"input": values}))["data"][name]
                assert payload["userErrors"] == []
                if number == 0:
                    filled = {key for key, value in payload.items() if value not in (None, [])}
                    # The clinic's sessions are years ahead: an enrollment has no conflicts in its window.
                    assert filled - {"__typename"} == self._open_fields(field) - {"userErrors", "conflicts"}, name
                await self._send_ids_of_other_types(document, name, values, group)
            for values in refused_inputs_of(group, name):
                await self._assert_refused(document, name, values)

    def _open_fields(self, field: GraphQLField) -> set[str]:
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        return {name for name, below in payload.fields.items() if key_of(below) in self._keys | {None}}

    async def _assert_refused(self, document: str, name: str, values: dict[str, Any]) -> None:
        payload = (await self.try_execute(document, {"input": values}))["data"][name]
        assert payload["userErrors"] != [], (name, values)
        self.refusals |= {error["code"] for error in payload["userErrors"]}

    async def _send_ids_of_other_types(self, document: str, name: str, values: dict[str, Any], group: Group) -> None:
        """Send ids of other types, which must return the same error as an unknown id. Then repeat the mutation."""
        ids = {"group": group.id, "occurrence": group.session, "enrollment": group.past, "patient": "patient-id-1"}
        ids |= {"closure": group.closure, "calendarfeed": group.feed}
        for field in {"id", "groupDefinitionId", "toGroupDefinitionId", "enrollmentId", "patientId"} & values.keys():
            about = (name if field == "id" else field).lower()
            unknown = (await self.try_execute(document, {"input": values | {field: UNKNOWN}}))["data"][name]
            assert "NOT_FOUND" in {error["code"] for error in unknown["userErrors"]}
            for other in [id_ for type_, id_ in ids.items() if type_ not in about] + ["s1", "staff:s1", "l1"]:
                assert (await self.try_execute(document, {"input": values | {field: other}}))["data"][name] == unknown
        payload = (await self.try_execute(document, {"input": values}))["data"][name]
        self.refusals |= {error["code"] for error in payload["userErrors"]}
        input_type = get_named_type(MUTATIONS[name].args["input"].type)
        if isinstance(input_type, GraphQLInputObjectType) and "expectedVersion" in input_type.fields:
            await self._assert_refused(document, name, values | {"expectedVersion": 99})


async def test_a_single_key_shows_only_the_data_that_it_opens(engine: Database, server: httpx.ASGITransport) -> None:
    kinds = {}
    for key in PermissionKey:
        caller = OneCaller(server, await MarkedClinic.seeded(engine, f"org-of-{key}"), key)
        await caller.execute_mutations()
        await caller.query_everything()
        kinds[key] = caller.kinds
    assert kinds == {key: kinds_opened_by(key) for key in PermissionKey}


async def test_all_keys_together_reach_every_type_and_error(engine: Database, server: httpx.ASGITransport) -> None:
    caller = OneCaller(server, await MarkedClinic.seeded(engine, "org-1"), *PermissionKey)
    await caller.execute_mutations()
    assert caller.kinds == set(KINDS)
    node = CORE.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert await caller.types_of_nodes() == {type_.name for type_ in CORE.get_possible_types(node)}
    codes = CORE.type_map["UserErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert caller.refusals | {"NOT_FOUND", "OCCURRENCE_COMPLETED"} == set(codes.values)
