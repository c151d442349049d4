"""Traces: one span a request and one a statement, in the trace that the client began, with nothing of patients."""

from collections.abc import AsyncIterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from db.connections.engine import Database
from resolvers.context import Clinic
from server.tracing.tracing import Tracing
from tests.support.api_client import ORGANIZATION, ApiClients, bearer, clients_of, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.planted import INVALID_DOCUMENTS, MARKER, MARKER_NAME, MARKERS

pytestmark = pytest.mark.anyio
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
ENROLL = """
mutation Enroll($group: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: "patient-1"}) {
    enrollment { patient { displayName } groupDefinition { name } }
    userErrors { message }
  }
}
"""
READ = """
query MARKER_NAME($name: String!) {
  patients(search: $name, first: 5) { edges { node { MARKER_NAME: displayName medicalRecordNumber } } }
  groupDefinitions(filter: {search: "MARKER"}, first: 5) {
    edges { node { name enrollments(first: 5) { edges { node { patient { displayName } } } } } }
  }
}
""".replace("MARKER_NAME", MARKER_NAME).replace("MARKER", MARKER)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def traced(clinic: Clinic, exporter: InMemorySpanExporter) -> AsyncIterator[ApiClients]:
    """A factory of clients of an app with traces."""
    tracing = Tracing(SimpleSpanProcessor(exporter), clinic.engine.dialect.name)
    async with clients_of(make_app(clinic, tracing=tracing)) as clients:
        yield clients
    tracing.shutdown()


def requests_in(spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    return [span for span in spans if span.kind is SpanKind.SERVER]


async def test_a_request_s_span_continues_the_client_s_trace(
    traced: ApiClients, exporter: InMemorySpanExporter, database_kind: str
) -> None:
    http = (await traced()).http
    query = {"query": "query Any { groupDefinitions { edges { cursor } } }"}
    response = await http.post("/graphql", json=query, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    [request] = requests_in(exporter.get_finished_spans())
    assert request.context is not None
    assert (f"{request.context.trace_id:032x}", request.name) == (TRACE, "query groupDefinitions")
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == PARENT
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "http.response.status_code": 200,
        "group_sessions.operation": "query groupDefinitions",
        "group_sessions.outcome": "ok",
    }
    statements = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.CLIENT]
    counted = int(response.headers["Server-Timing"].partition('desc="')[2].rstrip('"'))
    assert len(statements) == counted > 0
    for statement in statements:
        assert statement.parent is not None
        assert statement.parent.span_id == request.context.span_id
        attributes = statement.attributes or {}
        assert (statement.name, attributes["db.system.name"]) == ("SELECT", database_kind)
        assert "pm_group_definitions" in str(attributes["db.query.text"])
        assert (statement.start_time or 0) <= (statement.end_time or 0) <= (request.end_time or 0)


async def test_a_malformed_parent_begins_a_new_trace(traced: ApiClients, exporter: InMemorySpanExporter) -> None:
    http = (await traced()).http
    await http.get("/health", headers={"traceparent": f"00-{'0' * 32}-{PARENT}-01", "tracestate": MARKER})
    [request] = requests_in(exporter.get_finished_spans())
    assert (request.name, request.parent) == ("GET /health", None)
    assert MARKER not in request.to_json()


async def test_spans_contain_nothing_that_clients_or_patients_are_called(
    engine: Database, traced: ApiClients, exporter: InMemorySpanExporter
) -> None:
    await seed(engine, ORGANIZATION)
    client = await traced()
    group = await add_group(engine, MARKER, organization=ORGANIZATION)
    enrolled = (await client.execute(ENROLL, {"group": str(group)}))["enrollPatient"]["enrollment"]
    assert enrolled == {"patient": {"displayName": "Patient 1"}, "groupDefinition": {"name": MARKER}}
    await client.execute(READ, {"name": "Patient 1"})
    for document in INVALID_DOCUMENTS:
        await client.send(document)
    await client.http.get(f"/{MARKER}", headers={"X-Request-ID": MARKER, "Authorization": bearer(subject=MARKER)})
    spans = exporter.get_finished_spans()
    statements = {span.name for span in spans if span.kind is SpanKind.CLIENT}
    assert statements >= {"SELECT", "INSERT"}
    assert len(requests_in(spans)) == len(INVALID_DOCUMENTS) + 3
    texts = [span.to_json() for span in spans]
    assert [text for text in texts if MARKERS.search(text)] == []
    assert [text for text in texts if "Patient 1" in text or "patient-1" in text or ORGANIZATION in text] == []
    assert {span.status.status_code for span in requests_in(spans)} <= {StatusCode.UNSET, StatusCode.ERROR}
