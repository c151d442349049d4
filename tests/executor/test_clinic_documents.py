"""Generated documents over the project's own schema and a database: both executors return the same response."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from graphql import GraphQLNamedType

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.queries import pages
from schema.schema import schema
from tests.executor.comparing import parse_valid, response_text
from tests.executor.documents import DocumentWriter, Request
from tests.support.clinic import NOW, OURS, caller, clinic, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 22)
VIEW = [key for key in PermissionKey if key.value.endswith(".view")]
BY_ID = ("groupDefinition", "occurrence", "enrollment", "patient")
core = schema._schema


async def insert_clinic(engine: Database) -> list[str]:
    """Insert records of all kinds. Return their ids, and one unknown id."""
    await seed(engine)
    weekly: dict[str, Any] = {
        "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO",
        "recurrence_start_date": DAY,
        "recurrence_start_time": NOW.time(),
        "recurrence_excluded_dates": [DAY.isoformat()],
    }
    ids: list[str] = ["patient-1", "staff-1", "denver", "nobody"]
    disenrolled: dict[str, Any] = {"status": "DISENROLLED", "enrolled_at": None, "disenrolled_at": NOW}
    groups: list[dict[str, Any]] = [
        {"group_type": "IOP", **weekly},
        {"co_facilitator_id": "staff-2", "location_id": "denver", "min_capacity": 1},
        {"deleted_at": NOW},
        {},
    ]
    for number, values in enumerate(groups):
        group = await add_group(engine, f"Group {number}", **values)
        created_at = NOW.replace(microsecond=120_000 * number)
        days = [DAY + timedelta(days=day) for day in range(number + 1)]
        sessions = await add_sessions(engine, group, days, created_at=created_at)
        enrollments = await add_enrollments(engine, group, ["patient-1", "patient-2"], enrolled_at=created_at)
        await add_enrollments(engine, group, ["patient-3"], **disenrolled)
        ids += map(str, (group, sessions[0], enrollments[0]))
    return ids


@pytest.mark.parametrize(("seed", "minimum"), [(0, 1), (1, 1), (2, 500)], ids=["columns", "more columns", "records"])
async def test_executors_agree_on_documents_of_the_clinic(
    engine: Database, monkeypatch: pytest.MonkeyPatch, seed: int, minimum: int
) -> None:
    # Lists of at least this length are read with only the selected columns.
    monkeypatch.setattr(pages, "PARTIAL_READ_MINIMUM", minimum)
    ids = await insert_clinic(engine)
    rng = random.Random(seed)

    def value(generator: random.Random, type_: GraphQLNamedType, name: str) -> str | None:
        if type_.name == "ID":
            return f'"{generator.choice(ids)}"'
        if name in {"first", "last"}:
            return str(generator.choice([1, 2, 50, 0]))
        return None

    writer = DocumentWriter(core, rng, value, depth=6)
    compared = without_errors = fallbacks = at_once = 0
    for number in range(90):
        # A record by its id, as the only root field, is read together with what is selected of it.
        request = writer.write(one_of=BY_ID if number % 3 == 0 else ())
        document = parse_valid(core, request)
        if document is None:
            continue
        permissions = VIEW if rng.random() < 0.7 else rng.sample(VIEW, 2)
        # After the first execution, a query that was compiled as a whole takes the fast path.
        for _ in range(3):
            plain, compiled = (Context(clinic(engine), caller(OURS, permissions), "request-1") for _ in range(2))
            expected = await response_text(core, document, request, plain)
            actual = await response_text(core, document, request, compiled, schema.execution_context_class)
            assert actual == expected, f"document {number} of seed {seed}, permissions {permissions}:\n{request}"
            # Both record the same reads. If the response has no data, graphql-core may have read before a denial.
            if not compiled.fallbacks and '"data":null' not in expected:
                assert compiled.disclosures.unrecorded == plain.disclosures.unrecorded, request
            compared += 1
            without_errors += '"errors":[]' in expected
            fallbacks += compiled.fallbacks
            at_once += compiled.snapshot.read_once
            for context in (plain, compiled):
                await context.end()
            others = {name: rng.choice(ids) if value in ids else value for name, value in request.variables.items()}
            request = replace(request, variables=others)
    assert at_once > 3
    assert compared > 50
    assert without_errors > 20
    assert fallbacks > 0  # an error in a list of many parents


NODES = """query { groupDefinitions(filter: {includeDeleted: true}) { nodes {
    occurrences { nodes { id sessionDate startTime endTime startsAt status version createdAt cancelledAt
        facilitator { displayName } location { room } history { nodes { at } } } }
    enrollments(last: 2) { nodes { id status waitlistPosition enrolledAt disenrolledAt deletedAt
        patient { id displayName birthDate } groupDefinition { id } history { totalCount } } }
} } }"""
_PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
EDGES = f"""query {{ groupDefinitions(filter: {{includeDeleted: true}}) {{ edges {{ cursor node {{
    occurrences(first: 2) {{ edges {{ cursor node {{ id status startTime facilitator {{ displayName }}
        history {{ edges {{ cursor node {{ at actorId }} }} {_PAGE_INFO} }} }} }}
        nodes {{ sessionDate }} {_PAGE_INFO} }}
    enrollments(last: 2) {{ edges {{ node {{ waitlistPosition enrolledAt patient {{ displayName }} }} cursor }}
        {_PAGE_INFO} }}
    left: enrollments(status: [DISENROLLED]) {{ {_PAGE_INFO} }}
}} }} {_PAGE_INFO} }} }}"""


@pytest.mark.parametrize("minimum", [1, 500], ids=["some fields", "records"])
@pytest.mark.parametrize("document_text", [NODES, EDGES], ids=["nodes", "edges"])
async def test_executors_agree_on_a_report_without_a_fallback(
    engine: Database, monkeypatch: pytest.MonkeyPatch, minimum: int, document_text: str
) -> None:
    monkeypatch.setattr(pages, "PARTIAL_READ_MINIMUM", minimum)
    await insert_clinic(engine)
    request = Request(document_text, {})
    document = parse_valid(core, request)
    assert document is not None
    plain, compiled = (Context(clinic(engine), caller(OURS, VIEW), "request-1") for _ in range(2))
    actual = await response_text(core, document, request, compiled, schema.execution_context_class)
    assert actual == await response_text(core, document, request, plain)
    assert '"errors":[]' in actual
    assert compiled.fallbacks == 0
    assert compiled.disclosures.unrecorded == plain.disclosures.unrecorded == {"patient-2", "patient-3"}
    for context in (plain, compiled):
        await context.end()
