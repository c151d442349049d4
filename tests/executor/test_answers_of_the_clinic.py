"""The clinic's own schema, over a filled database: the same answers whichever way they are executed."""

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
from tests.executor.comparing import answer, valid_document
from tests.executor.documents import DocumentWriter, Request
from tests.support.clinic import NOW, OURS, caller, clinic, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 22)
VIEW = [key for key in PermissionKey if key.value.endswith(".view")]
core = schema._schema


async def fill(engine: Database) -> list[str]:
    """Gives ids of all kinds, and what is none."""
    await seed(engine)
    weekly: dict[str, Any] = {
        "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO",
        "recurrence_start_date": DAY,
        "recurrence_start_time": NOW.time(),
        "recurrence_excluded_dates": [DAY.isoformat()],
    }
    ids: list[str] = ["patient-1", "staff-1", "denver", "nobody"]
    left: dict[str, Any] = {"status": "DISENROLLED", "enrolled_at": None, "disenrolled_at": NOW}
    given: list[dict[str, Any]] = [
        {"group_type": "IOP", **weekly},
        {"co_facilitator_id": "staff-2", "location_id": "denver", "min_capacity": 1},
        {"deleted_at": NOW},
        {},
    ]
    for number, values in enumerate(given):
        group = await add_group(engine, f"Group {number}", **values)
        made = NOW.replace(microsecond=120_000 * number)
        days = [DAY + timedelta(days=day) for day in range(number + 1)]
        sessions = await add_sessions(engine, group, days, created_at=made)
        places = await add_enrollments(engine, group, ["patient-1", "patient-2"], enrolled_at=made)
        await add_enrollments(engine, group, ["patient-3"], **left)
        ids += map(str, (group, sessions[0], places[0]))
    return ids


@pytest.mark.parametrize(("seed", "many"), [(0, 1), (1, 1), (2, 500)], ids=["columns", "more columns", "records"])
async def test_the_clinic_answers_alike(
    engine: Database, monkeypatch: pytest.MonkeyPatch, seed: int, many: int
) -> None:
    # Of long lists only some columns are read.
    monkeypatch.setattr(pages, "MANY", many)
    ids = await fill(engine)
    made = random.Random(seed)

    def value(chosen: random.Random, type_: GraphQLNamedType, name: str) -> str | None:
        if type_.name == "ID":
            return f'"{chosen.choice(ids)}"'
        if name in {"first", "last"}:
            return str(chosen.choice([1, 2, 50, 50, 50, 0]))
        return None

    writer = DocumentWriter(core, made, value, depth=6)
    compared = without_errors = fallbacks = at_once = 0
    for number in range(90):
        request = writer.write()
        document = valid_document(core, request)
        if document is None:
            continue
        held = VIEW if made.random() < 0.7 else made.sample(VIEW, 2)
        # From the second time on, a query that was compiled as a whole is not given to an executor.
        for _ in range(3):
            plain, compiled = (Context(clinic(engine), caller(OURS, held), "request-1") for _ in range(2))
            expected = await answer(core, document, request, plain)
            found = await answer(core, document, request, compiled, schema.execution_context_class)
            assert found == expected, f"document {number} of seed {seed}, held {held}:\n{request}"
            # Both record the same reads. Where the response has no data, graphql-core may have read before a denial.
            if not compiled.fallbacks and '"data":null' not in expected:
                assert compiled.disclosures.unrecorded == plain.disclosures.unrecorded, request
            compared += 1
            without_errors += '"errors":[]' in expected
            fallbacks += compiled.fallbacks
            at_once += compiled.snapshot.read_once
            for context in (plain, compiled):
                await context.end()
            others = {name: made.choice(ids) if value in ids else value for name, value in request.variables.items()}
            request = replace(request, variables=others)
    assert at_once > 3
    assert compared > 50
    assert without_errors > 20
    assert fallbacks > 5


@pytest.mark.parametrize("many", [1, 500], ids=["some fields", "records"])
async def test_a_report_is_answered_alike_and_at_the_first_attempt(
    engine: Database, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(pages, "MANY", many)
    await fill(engine)
    request = Request(
        """query { groupDefinitions(filter: {includeDeleted: true}) { nodes {
            occurrences { nodes { id sessionDate startTime endTime startsAt status version createdAt cancelledAt
                facilitator { displayName } location { room } history { nodes { at } } } }
            enrollments(last: 2) { nodes { id status waitlistPosition enrolledAt disenrolledAt deletedAt
                patient { id displayName birthDate } groupDefinition { id } history { totalCount } } }
        } } }""",
        {},
    )
    document = valid_document(core, request)
    assert document is not None
    plain, compiled = (Context(clinic(engine), caller(OURS, VIEW), "request-1") for _ in range(2))
    found = await answer(core, document, request, compiled, schema.execution_context_class)
    assert found == await answer(core, document, request, plain)
    assert '"errors":[]' in found
    assert compiled.fallbacks == 0
    assert compiled.disclosures.unrecorded == plain.disclosures.unrecorded == {"patient-2", "patient-3"}
    for context in (plain, compiled):
        await context.end()
