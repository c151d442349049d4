"""Rules that hold for every field of the schema, so that a field added later keeps them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType, build_schema, get_named_type

from db.connections.engine import Database
from schema.schema import export
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, refused
from tests.support.marked_clinic import Group, MarkedClinic

pytestmark = pytest.mark.anyio

SCHEMA = build_schema(export())
# Every list, and how a request selects it from a group with data in each of them.
LISTS: dict[str, Callable[[Group], str]] = {
    "Query.groupDefinitions": lambda _: "{ groupDefinitions%s }",
    "Query.occurrences": lambda _: "{ occurrences%s }",
    "Query.enrollments": lambda _: "{ enrollments%s }",
    "Query.calendarFeeds": lambda _: "{ calendarFeeds%s }",
    "Query.closures": lambda _: "{ closures%s }",
    "Query.conflicts": lambda _: "{ conflicts%s }",
    "Query.programCompliance": lambda _: "{ programCompliance%s }",
    "Query.patients": lambda _: "{ patients%s }",
    "Query.staffMembers": lambda _: "{ staffMembers%s }",
    "Query.locations": lambda _: "{ locations%s }",
    "GroupDefinition.occurrences": lambda group: f'{{ groupDefinition(id: "{group.id}") {{ occurrences%s }} }}',
    "GroupDefinition.enrollments": lambda group: f'{{ groupDefinition(id: "{group.id}") {{ enrollments%s }} }}',
    "GroupDefinition.history": lambda group: f'{{ groupDefinition(id: "{group.id}") {{ history%s }} }}',
    "Occurrence.history": lambda group: f'{{ occurrence(id: "{group.session}") {{ history%s }} }}',
    "Enrollment.history": lambda group: f'{{ enrollment(id: "{group.past}") {{ history%s }} }}',
    "Closure.history": lambda group: f'{{ node(id: "{group.closure}") {{ ... on Closure {{ history%s }} }} }}',
    "Occurrence.roster": lambda group: f'{{ occurrence(id: "{group.session}") {{ roster%s }} }}',
    "Patient.enrollments": lambda _: '{ patient(id: "patient-id-2") { enrollments%s } }',
    "Patient.occurrences": lambda _: '{ patient(id: "patient-id-2") { occurrences%s } }',
}


REQUIRED_ARGUMENTS = {
    "{ programCompliance": 'program: IOP, weekOf: "2033-07-01"',
    "{ conflicts": 'from: "2033-07-01", through: "2033-07-31"',
    '{ patient(id: "patient-id-2") { occurrences': 'from: "2030-01-01", through: "2039-12-31"',
}
"""The arguments that a list requires, by the start of its request."""


def fields() -> Iterator[tuple[str, GraphQLField]]:
    """Yield each field of the schema with its coordinate."""
    for name, kind in SCHEMA.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield from ((f"{name}.{field_name}", field) for field_name, field in kind.fields.items())


def lists() -> dict[str, GraphQLField]:
    return {name: field for name, field in fields() if get_named_type(field.type).name.endswith("Connection")}


def requires_permission(field: GraphQLField) -> bool:
    directives = field.ast_node.directives or () if field.ast_node else ()
    return any(directive.name.value == "requiresPermission" for directive in directives)


def test_a_field_that_requires_a_permission_is_nullable() -> None:
    guarded = {name: field for name, field in fields() if requires_permission(field)}
    assert {"Query.patients", "Mutation.enrollPatient", "Enrollment.patient"} <= guarded.keys()
    assert [name for name, field in guarded.items() if isinstance(field.type, GraphQLNonNull)] == []


def test_every_list_takes_the_arguments_of_pages_in_both_directions() -> None:
    page_arguments = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
    arguments = {
        name: {argument: str(field.args[argument].type) for argument in page_arguments if argument in field.args}
        for name, field in lists().items()
    }
    assert arguments == dict.fromkeys(LISTS, page_arguments)


def test_enrollments_have_one_type_on_every_parent() -> None:
    assert {str(field.type) for name, field in lists().items() if name.endswith(".enrollments")} == {
        "EnrollmentConnection"
    }


@pytest.fixture
async def client(app_client: ApiClients) -> ApiClient:
    return await app_client()


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_read_backwards_is_the_list_read_forwards(engine: Database, client: ApiClient, name: str) -> None:
    clinic = await MarkedClinic.seeded(engine, ORGANIZATION)
    group = await clinic.add_group()
    await clinic.add_group()
    query = LISTS[name](group)
    ids = [_id_of(edge) for edge in (await _page(client, query, "(first: 200)"))["edges"]]
    assert len(ids) == (await _page(client, query, ""))["totalCount"] > 0
    assert await _read_forwards(client, query) == ids
    assert await _read_backwards(client, query) == ids


async def test_a_cursor_of_an_unknown_patient_is_invalid_in_both_directions(
    engine: Database, client: ApiClient
) -> None:
    await MarkedClinic.seeded(engine, ORGANIZATION)
    unknown = "WyJwYXRpZW50cyIsIm5vYm9keSJd"  # ["patients","nobody"]
    for arguments in ("first: 2, after", "first: 2, before", "last: 2, before", "last: 2, after"):
        message = await refused(client, f'{{ patients({arguments}: "{unknown}") {{ nodes {{ id }} }} }}')
        assert (
            message == f"`{arguments.split()[-1]}` is not a valid cursor. Pass one that this list returned, unchanged."
        )


async def _page(client: ApiClient, query: str, arguments: str) -> dict[str, Any]:
    selection = " { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } }"
    if "conflicts" in query:
        selection = selection.replace("{ id }", "{ id: message }")  # they have no ids
    if "programCompliance" in query:
        selection = selection.replace("{ id }", "{ patient { id } }")
    required = next((text for start, text in REQUIRED_ARGUMENTS.items() if query.startswith(start)), None)
    if required is not None:
        arguments = f"({required}, {arguments[1:] or ')'}"
    page = await client.execute(query % (arguments + selection))
    while "edges" not in page:
        [page] = page.values()
    return page


def _id_of(edge: dict[str, Any]) -> str:
    node = edge["node"]
    return str(node.get("id") or node["patient"]["id"])


async def _read_forwards(client: ApiClient, query: str) -> list[str]:
    page = await _page(client, query, "(first: 1)")
    ids = [_id_of(edge) for edge in page["edges"]]
    while page["pageInfo"]["hasNextPage"]:
        page = await _page(client, query, f'(first: 2, after: "{page["edges"][-1]["cursor"]}")')
        ids += [_id_of(edge) for edge in page["edges"]]
    return ids


async def _read_backwards(client: ApiClient, query: str) -> list[str]:
    page = await _page(client, query, "(last: 1)")
    ids = [_id_of(edge) for edge in page["edges"]]
    while page["pageInfo"]["hasPreviousPage"]:
        page = await _page(client, query, f'(last: 2, before: "{page["edges"][0]["cursor"]}")')
        ids = [_id_of(edge) for edge in page["edges"]] + ids
    return ids
