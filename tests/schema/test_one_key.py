"""What a caller with one key reads: of each mutation's payload, each query and each refusal, along every path.

The documents are made of the schema, and what is stored says what it is. So a field that is added without a guard
fails here, be it by what it shows or by where it leads.
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

pytestmark = pytest.mark.anyio

ALL = frozenset(PermissionKey)
UNLIMITED = RequestLimits(document=Limits(**dict.fromkeys(Limits.__slots__, 10**12)))
UNKNOWN = "01930000-0000-7000-8000-000000000000"
NOWHERE = Group(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
CORE = build_schema(export())
assert CORE.query_type is not None
assert CORE.mutation_type is not None
[REQUIRES] = [each for each in CORE.directives if each.name == "requiresPermission"]
QUERIES, MUTATIONS = CORE.query_type.fields, CORE.mutation_type.fields

# The types that show stored data, by the keys whose holders any path leads to them.
_GROUPS, _SCHEDULE, _ENROLLMENTS = "pm.group_definitions.", "pm.group_schedule.", "pm.group_enrollments."
_OF_GROUPS = {"GroupDefinition", "StaffMember", "Location", "AuditEntry"}
_OF_SCHEDULE = {"Occurrence", "StaffMember", "Location", "AuditEntry"}
LEADS_TO: dict[str, set[str]] = {
    **{f"{_GROUPS}{action}": _OF_GROUPS for action in ("view", "create", "delete")},
    f"{_GROUPS}edit": _OF_GROUPS | {"Enrollment"},
    **{f"{_SCHEDULE}{action}": _OF_SCHEDULE for action in ("view", "create", "edit", "delete")},
    f"{_ENROLLMENTS}view": {"Enrollment", "Patient", "AuditEntry", "StaffMember"},
    **{f"{_ENROLLMENTS}{action}": {"Enrollment"} for action in ("create", "edit", "delete")},
}
SHOW_NO_RECORD = {
    *("Query", "Mutation", "Viewer", "PageInfo", "UserError", "AuditChange", "Capacity", "Recurrence"),
    *("RecurrencePreview", "Compliance", "ComplianceRequirement", "ComplianceGap"),
}
OPEN_FIELDS_OF_ENROLLMENTS = {
    *("id", "status", "waitlistPosition", "version", "createdAt", "updatedAt", "deletedAt"),
    *("waitlistedAt", "enrolledAt", "promotedAt", "disenrolledAt", "disenrollmentReason"),
}
"""What mutations show of an enrollment to callers who may not view any. None of it may name a patient."""


OPEN_LINKS = {
    *(f"{action}GroupDefinitionPayload.groupDefinition" for action in ("Create", "Update", "Delete")),
    *(f"{action}OccurrencePayload.occurrence" for action in ("Create", "Update", "Cancel")),
    "GenerateOccurrencesPayload.occurrences",
    *(f"{action}Payload.enrollment" for action in ("EnrollPatient", "DisenrollPatient", "RemoveEnrollment")),
    *(f"{action}Payload.enrollment" for action in ("PromoteEnrollment", "MoveWaitlistedEnrollment")),
    *(f"{action}Payload.promoted" for action in ("UpdateGroupDefinition", "DisenrollPatient", "RemoveEnrollment")),
    *(f"{action}Payload.changedEnrollments" for action in ("EnrollPatient", "DisenrollPatient", "RemoveEnrollment")),
    *(f"{action}Payload.changedEnrollments" for action in ("PromoteEnrollment", "MoveWaitlistedEnrollment")),
    "UpdateGroupDefinitionPayload.changedEnrollments",
    *(f"GroupDefinition.{name}" for name in ("facilitator", "coFacilitator", "location", "history")),
    *(f"Occurrence.{name}" for name in ("facilitator", "coFacilitator", "location", "history")),
    "Patient.enrollments",
    "AuditEntry.actor",
}
"""The fields that lead to records and need no key of their own: what leads there, by keys, may show them all."""


def key_of(field: GraphQLField) -> str | None:
    found = get_directive_values(REQUIRES, field.ast_node) if field.ast_node else None
    return None if found is None else str(found["key"])


def types_led_to(key: str) -> set[str]:
    """Return the types that some path of open fields leads to, from any root."""
    found: set[str] = set()
    left: list[Any] = [CORE.query_type, CORE.mutation_type]
    while left:
        type_ = left.pop()
        if type_.name in found or not is_object_type(type_):  # node answers by the type's own view key
            continue
        found.add(type_.name)
        left += [get_named_type(field.type) for field in type_.fields.values() if key_of(field) in (None, key)]
    return found


def test_every_type_says_whether_it_shows_records() -> None:
    records = set().union(*LEADS_TO.values())
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
    assert types_led_to(key) & set().union(*LEADS_TO.values()) == LEADS_TO[key]


def test_a_field_that_leads_to_records_needs_a_key_unless_it_is_listed() -> None:
    records = set().union(*LEADS_TO.values())
    leading = records | {f"{record}Connection" for record in records}
    found = {
        f"{type_.name}.{name}"
        for type_ in CORE.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.endswith(("Connection", "Edge"))
        for name, field in type_.fields.items()
        if key_of(field) is None and get_named_type(field.type).name in leading
    }
    assert found == OPEN_LINKS


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
    return [group.id, group.session, group.past, *group.changes, "patient:patient-id-1", "staff:s1", "location:l1"]


class OneCaller:
    """A caller of one organization, and what it was answered.

    Attributes:
        seen: The kinds of stored data in all of it.
        refusals: The codes of user errors.
    """

    def __init__(self, server: httpx.ASGITransport, clinic: MarkedClinic, *keys: PermissionKey) -> None:
        header = bearer(permissions=keys, organization=clinic.organization)
        self._api = ApiClient(httpx.AsyncClient(transport=server, base_url=URL, headers={"Authorization": header}))
        self._clinic = clinic
        self._keys = frozenset(map(str, keys))
        self.seen: set[str] = set()
        self.refusals: set[str] = set()

    async def try_execute(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        result = await self._api.try_execute(document, variables)
        codes = {error["extensions"]["code"] for error in result.get("errors", ())}
        assert codes <= {"FORBIDDEN"}, result["errors"]
        self.seen |= kinds_in(json.dumps(result))
        return result

    async def walk_queries(self) -> None:
        group = await self._clinic.add_group()
        ids = {"groupDefinition": group.id, "occurrence": group.session, "enrollment": group.past}
        ids["patient"] = "patient-id-1"
        preview = '{rule: "FREQ=DAILY", startDate: "2034-01-01", startTime: "09:00:00"}'
        for name, field in QUERIES.items():
            given = required_arguments(field.args, {"id": "$id", "recurrence": preview})
            declared = "($id: ID!)" if "$id" in given else ""
            for selection in whole_selections(CORE, get_named_type(field.type)):
                document = f"query{declared} {{ {name}{given}{selection} }}"
                for wanted in ids_of_nodes(group) if name == "node" else [ids.get(name)]:
                    await self.try_execute(document, {"id": wanted} if declared else None)

    async def types_of_nodes(self) -> set[str]:
        """Return the types of what the walk looks for by `node`."""
        document = "query ($id: ID!) { node(id: $id) { __typename } }"
        wanted = ids_of_nodes(await self._clinic.add_group())
        return {(await self.try_execute(document, {"id": each}))["data"]["node"]["__typename"] for each in wanted}

    async def walk_mutations(self) -> None:
        for name, field in MUTATIONS.items():
            [selection] = whole_selections(CORE, get_named_type(field.type))
            document = f"mutation ($input: {field.args['input'].type}) {{ {name}(input: $input){selection} }}"
            if key_of(field) not in self._keys:
                denied = await self.try_execute(document, {"input": inputs_of(NOWHERE, name)[0]})
                assert (denied["data"] or {}).get(name) is None
                continue
            group = await self._clinic.add_group()
            for number, given in enumerate(inputs_of(group, name)):
                payload = (await self.try_execute(document, {"input": given}))["data"][name]
                assert payload["userErrors"] == []
                if number == 0:
                    shown = {key for key, value in payload.items() if value not in (None, [])}
                    assert shown - {"__typename"} == self._open_fields(field) - {"userErrors"}, name
                await self._ask_wrongly(document, name, given, group)
            for given in refused_inputs_of(group, name):
                await self._be_refused(document, name, given)

    def _open_fields(self, field: GraphQLField) -> set[str]:
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        return {name for name, below in payload.fields.items() if key_of(below) in self._keys | {None}}

    async def _be_refused(self, document: str, name: str, given: dict[str, Any]) -> None:
        payload = (await self.try_execute(document, {"input": given}))["data"][name]
        assert payload["userErrors"] != [], (name, given)
        self.refusals |= {error["code"] for error in payload["userErrors"]}

    async def _ask_wrongly(self, document: str, name: str, given: dict[str, Any], group: Group) -> None:
        """Give ids of other types in place of each id, which must be as unknown as what does not exist; and repeat."""
        ids = {"group": group.id, "occurrence": group.session, "enrollment": group.past, "patient": "patient-id-1"}
        for field in {"id", "groupDefinitionId", "enrollmentId", "patientId"} & given.keys():
            about = (name if field == "id" else field).lower()
            unknown = (await self.try_execute(document, {"input": given | {field: UNKNOWN}}))["data"][name]
            assert "NOT_FOUND" in {error["code"] for error in unknown["userErrors"]}
            for other in [found for type_, found in ids.items() if type_ not in about] + ["s1", "staff:s1", "l1"]:
                assert (await self.try_execute(document, {"input": given | {field: other}}))["data"][name] == unknown
        payload = (await self.try_execute(document, {"input": given}))["data"][name]
        self.refusals |= {error["code"] for error in payload["userErrors"]}
        takes = get_named_type(MUTATIONS[name].args["input"].type)
        if isinstance(takes, GraphQLInputObjectType) and "expectedVersion" in takes.fields:
            await self._be_refused(document, name, given | {"expectedVersion": 99})


async def test_each_key_alone_shows_what_it_opens_and_nothing_else(
    engine: Database, server: httpx.ASGITransport
) -> None:
    seen = {}
    for key in PermissionKey:
        caller = OneCaller(server, await MarkedClinic.seeded(engine, f"org-of-{key}"), key)
        await caller.walk_mutations()
        await caller.walk_queries()
        seen[key] = caller.seen
    assert seen == {key: kinds_opened_by(key) for key in PermissionKey}


async def test_the_walk_leads_everywhere_where_all_keys_are_held(engine: Database, server: httpx.ASGITransport) -> None:
    caller = OneCaller(server, await MarkedClinic.seeded(engine, "org-1"), *PermissionKey)
    await caller.walk_mutations()
    assert caller.seen == set(KINDS)
    node = CORE.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert await caller.types_of_nodes() == {type_.name for type_ in CORE.get_possible_types(node)}
    codes = CORE.type_map["UserErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert caller.refusals | {"NOT_FOUND", "OCCURRENCE_COMPLETED"} == set(codes.values)
