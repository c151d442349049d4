"""Markers are put into every input and into the database, and no output may contain any of them.

Outputs are what the programs write (standard output and error, at LOG_LEVEL=DEBUG), event envelopes, and the errors in
responses. Only the log's `operation_name` may contain one, because clients choose it. The server is a process of its
own, so that its libraries' logs count too.
"""

import base64
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from db.connections.engine import Database
from server.events.inbound_events import DOCUMENTED
from tests.support.api_client import ORGANIZATION, SECRET, bearer
from tests.support.planted import (
    INVALID_DOCUMENTS,
    MARKER,
    MARKER_NAME,
    MARKERS,
    planted_mistakes,
    planted_requests,
    reported_text,
)
from tests.support.processes import child_environment
from tests.support.repository import ROOT

pytestmark = pytest.mark.anyio

BIRTH_DATE = "1931-07-13"
MARKS = re.compile(f"(?i:{MARKERS.pattern})|{BIRTH_DATE}|{SECRET}|only the tests")
PEOPLE = [
    {"resourceType": "Practitioner", "id": "staff-1", "name": [{"text": f"Dr {MARKER}"}]},
    {"resourceType": "Location", "id": "place-1", "name": f"House {MARKER}"},
    *(
        {
            "resourceType": "Patient",
            "id": f"patient-{number}",
            "name": [{"text": f"{MARKER} {number}"}],
            "birthDate": BIRTH_DATE,
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": f"MR-{MARKER}-{number}"}],
        }
        for number in range(3)
    ),
    {"resourceType": "Patient", "id": "patient-9", "name": f"{MARKER}", "birthDate": f"{MARKER}"},
    {"resourceType": MARKER, "id": MARKER},
    {"resourceType": "Patient", "id": f"{MARKER}\x00", "name": [{"text": MARKER}], "birthDate": "13.7.1931"},
]
INBOUND_SECRET = "whsec_" + base64.b64encode(b"only the tests know this one").decode()
LOGGED = {
    "time",
    "level",
    "logger",
    "message",
    "request_id",
    "client_address",
    "method",
    "path",
    "operation_name",
    "caller_id",
    "organization_id",
    "duration_ms",
    "statements",
    "fallbacks",
    "status",
    "outcome",
    "refusal",
}


QUOTING = {
    # Errors of the database quote the refused value, as PostgreSQL does for a role that can read all rows.
    "postgresql": (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION USING MESSAGE = NEW.name, DETAIL = NEW.name, HINT = NEW.name; END'""",
        "CREATE TRIGGER refusing BEFORE INSERT ON pm_group_definitions FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
    "sqlite": (
        "CREATE TRIGGER refusing BEFORE INSERT ON pm_group_definitions BEGIN SELECT json_extract('{}', NEW.name); END",
    ),
}


def environment(database_url: str) -> dict[str, str]:
    return child_environment(
        PYTHONASYNCIODEBUG="1",
        DATABASE_URL=database_url,
        AUTH_JWT_SECRET=SECRET,
        LOG_LEVEL="DEBUG",
        LIMIT_COST="10000000",
        GRAPHIQL="on",
        EVENTS_INBOUND_SECRET=INBOUND_SECRET,
    )


def run(database_url: str, *arguments: str) -> str:
    """Run a command, and return everything that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env=environment(database_url),
    )
    return done.stdout


@contextmanager
def serving(database_url: str, output: Path) -> Iterator[httpx.Client]:
    """Run a server that writes all its output to a file, and yield a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
    with (
        output.open("wb") as written,
        subprocess.Popen(command, stdout=written, stderr=written, cwd=ROOT, env=environment(database_url)) as process,
    ):
        try:
            transport = httpx.HTTPTransport(retries=8)  # until the server listens
            with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield http
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


class RecordingClient:
    """Sends requests, and collects the codes of their errors."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.sent = 0
        self.codes: set[str] = set()

    def send(self, method: str = "POST", address: str = "/graphql", **options: Any) -> Any:
        headers = {"Authorization": bearer(), "Content-Type": "application/json", **options.pop("headers", {})}
        response = self.http.request(method, address, headers=headers, **options)
        self.sent += "X-Request-ID" in response.headers  # uvicorn itself refuses unknown methods
        try:
            body = response.json()
        except ValueError:
            return None
        if isinstance(body, dict):
            assert_clean(reported_text(body))
        for error in body.get("errors", ()) if isinstance(body, dict) else ():
            self.codes.add(error["extensions"]["code"])
            if error["extensions"]["code"] == "INTERNAL_SERVER_ERROR":
                assert error["message"].endswith(f"request ID {response.headers['X-Request-ID']}.")
        return body

    def change(self, name: str, input_: dict[str, Any], field: str) -> str:
        """Run a mutation, which must succeed, and return the id of the changed object."""
        declared = f"$input: {name[0].upper()}{name[1:]}Input!"
        selected = f"{field} {{ id }} userErrors {{ message }}"
        document = f"mutation Change({declared}) {{ {name}(input: $input) {{ {selected} }} }}"
        response_body = self.send(json={"query": document, "variables": {"input": input_}})
        payload = response_body["data"][name]
        assert payload["userErrors"] == []
        changed = payload[field]
        return str((changed[0] if isinstance(changed, list) else changed)["id"])


def change_everything(client: RecordingClient) -> None:
    """Run every mutation successfully, with a marker in each of its texts."""
    recurrence = {"rule": "FREQ=WEEKLY", "startDate": "2031-03-14", "startTime": "09:00:00"}
    group_input = {
        "name": f"Group {MARKER}",
        "groupType": "THERAPY",
        "facilitatorId": "staff-1",
        "maxCapacity": 1,
        "durationMinutes": 60,
        "recurrence": recurrence,
    }
    group = client.change("createGroupDefinition", group_input, "groupDefinition")
    client.change("updateGroupDefinition", {"id": group, "name": f"{MARKER} again"}, "groupDefinition")
    days = {"groupDefinitionId": group, "from": "2031-03-01", "through": "2031-03-31"}
    session = client.change("generateOccurrences", days, "occurrences")
    client.change("updateOccurrence", {"id": session, "startTime": "10:00:00"}, "occurrence")
    client.change("cancelOccurrence", {"id": session, "reason": f"{MARKER} is ill"}, "occurrence")
    day = {"groupDefinitionId": group, "sessionDate": "2031-05-01", "startTime": "09:00:00"}
    client.change("createOccurrence", day, "occurrence")
    enrolled, waiting, last = (
        client.change("enrollPatient", {"groupDefinitionId": group, "patientId": f"patient-{number}"}, "enrollment")
        for number in range(3)
    )
    client.change("moveWaitlistedEnrollment", {"enrollmentId": last, "position": 1}, "enrollment")
    client.change("promoteEnrollment", {"enrollmentId": waiting, "allowOverCapacity": True}, "enrollment")
    client.change("disenrollPatient", {"enrollmentId": enrolled, "reason": f"{MARKER} moved away"}, "enrollment")
    client.change("removeEnrollment", {"enrollmentId": waiting}, "enrollment")
    spare = client.change("createGroupDefinition", group_input, "groupDefinition")
    client.change("deleteGroupDefinition", {"id": spare}, "groupDefinition")


def query_everything(client: RecordingClient) -> None:
    for planted in planted_requests():
        client.send(json={"query": planted.document, "variables": planted.variables})


def send_invalid_requests(client: RecordingClient) -> None:
    """Send markers in unexpected places."""
    query = "{ __typename }"
    header = dict.fromkeys(("User-Agent", "Cookie", "Referer", "Origin", "X-Forwarded-For", "X-Anything"), MARKER)
    client.send(json={"query": query}, headers=header)
    for name in ("Accept", "Content-Type", "X-Request-ID", "Idempotency-Key", "Authorization"):
        for value in (f"{MARKER} {MARKER}", f"Bearer {MARKER}.{MARKER}.{MARKER}", f"application/{MARKER}"):
            client.send(json={"query": query}, headers={name: value})
    for body in (
        f"{MARKER}",
        f'{{"query": "{MARKER}',
        f'["{MARKER}"]',
        f'"{MARKER}"',
        f'{{"{MARKER}": "{MARKER}"}}',
        f'{{"query": ["{MARKER}"]}}',
        f'{{"query": "{query}", "variables": "{MARKER}"}}',
        f'{{"query": "{query}", "operationName": "{MARKER} {MARKER}"}}',
        f'{{"query": "{query}", "extensions": "{MARKER}"}}',
    ):
        client.send(content=body)
        client.send(content=body.encode() + b"\xff")
        client.send("POST", "/events", content=body, headers={"webhook-signature": MARKER, "webhook-id": MARKER})
    for document in (
        *INVALID_DOCUMENTS,
        f"{{ {MARKER} }}",
        f"query {{ __typename }} # {MARKER}",
        f"query {MARKER_NAME} {{ {MARKER_NAME}: __typename }}",
        "{ " + " ".join(f'a{number}: patient(id: "{MARKER}") {{ id }}' for number in range(40)) + " }",
    ):
        client.send(json={"query": document})
        client.send("GET", params={"query": document})
    for planted in islice(planted_mistakes(), 0, None, 10):
        client.send(json={"query": planted.document, "variables": planted.variables})
    for variables in ({"a": MARKER}, {"a": [MARKER]}, {MARKER: {MARKER: MARKER}}, {"a": {"groupType": [MARKER]}}):
        query = "query Filtered($a: GroupDefinitionFilter) { groupDefinitions(filter: $a) { totalCount } }"
        client.send(json={"query": query, "variables": variables})
        client.send("GET", params={"query": query, "variables": json.dumps(variables), MARKER: MARKER})
    for address in (
        f"/{MARKER}",
        f"/graphql/{MARKER}",
        f"/graphiql/assets/{MARKER}.js",
        f"/graphiql?{MARKER}={MARKER}",
        f"/groups/{MARKER}?{MARKER}={MARKER}",
    ):
        client.send("GET", address)
        client.send(MARKER.upper(), address)


def read_reports(client: RecordingClient) -> None:
    """Read exports, with and without names, and calendar feeds, and send markers in their addresses."""
    names = {"enrollments": "patient_name,medical_record_number,group_name", "groups": "facilitator_name,location_site"}
    for export in ("groups", "occurrences", "enrollments", "rosters", "compliance-weeks", "waitlist", "history"):
        for extension in ("csv", "ndjson"):
            client.send("GET", f"/export/{export}.{extension}")
    for export, columns in names.items():
        client.send("GET", f"/export/{export}", params={"columns": columns})
    basic = {"Authorization": "Basic " + base64.b64encode(f"{MARKER}:gsr_{MARKER}".encode()).decode()}
    client.send("GET", "/export/groups", headers=basic)
    for address in (f"groups.{MARKER}", MARKER, f"groups?{MARKER}={MARKER}", f"enrollments?columns={MARKER}"):
        client.send("GET", f"/export/{address}")
        client.send("GET", f"/export/{address.replace('columns', 'updatedSince')}")
    document = """mutation { createCalendarFeed(input: {facilitatorId: "staff-1"}) { path calendarFeed { id } } }"""
    path = client.send(json={"query": document})["data"]["createCalendarFeed"]["path"]
    for address in (f"/{path}", f"/{path}?{MARKER}", f"/calendars/{MARKER}.ics", f"/calendars/gsc_{MARKER}.ics"):
        client.send("GET", address)


def send_events(client: RecordingClient) -> None:
    """Send signed events with markers in everything except ids."""
    for event in (
        {"event": MARKER, "payload": MARKER},
        {"event": DOCUMENTED, "payload": {"schedule_id": [MARKER]}, MARKER: MARKER},
        {
            "event": DOCUMENTED,
            "payload": {"schedule_id": MARKER, "note": MARKER},
            "metadata": {"organization_id": ORGANIZATION, "correlation_id": f"of {MARKER}", "by": MARKER},
        },
    ):
        body = json.dumps(event)
        at = datetime.now(UTC)
        signature = Webhook(INBOUND_SECRET).sign("msg-1", at, body)
        signed = {"webhook-id": "msg-1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
        client.send("POST", "/events", content=body, headers=signed)


async def damage(engine: Database, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


def assert_clean(output: str) -> None:
    leak = MARKS.search(output)
    assert leak is None, output[max(0, leak.start() - 300) : leak.end() + 100] if leak else ""


@pytest.mark.timeout(300)  # thousands of documents, to a server in asyncio's debug mode
async def test_no_output_contains_an_input_or_stored_value(
    engine: Database, database_url: str, owner_url: str, database_kind: str, tmp_path: Path
) -> None:
    people = tmp_path / "people.ndjson"
    people.write_text("".join(f"{json.dumps(person)}\n" for person in PEOPLE) + f"{MARKER}\n")
    imported = run(owner_url, "import-fhir", "--organization", ORGANIZATION, str(people))
    assert_clean(imported.replace(str(tmp_path), ""))

    output = tmp_path / "output"
    with serving(database_url, output) as http:
        client = RecordingClient(http)
        client.send(json={"query": "{ __typename }"})
        change_everything(client)
        query_everything(client)
        send_invalid_requests(client)
        send_events(client)
        read_reports(client)
        assert {"UNKNOWN_EVENT", "UNKNOWN_SESSION", "BAD_SIGNATURE"} <= client.codes
        assert "INTERNAL_SERVER_ERROR" not in client.codes
        expected = {"BAD_REQUEST", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
        assert expected | {"LIMIT_EXCEEDED", "UNAUTHENTICATED", "OPERATION_RESOLUTION_FAILURE"} <= client.codes
        events = run(owner_url, "events")
        assert len(events.splitlines()) >= 10
        assert_clean(events)

        await damage(engine, *QUOTING[database_kind])
        group_input = (
            f'name: "{MARKER}", groupType: THERAPY, facilitatorId: "staff-1", maxCapacity: 1, durationMinutes: 60'
        )
        create = f"mutation {{ createGroupDefinition(input: {{{group_input}}}) {{ groupDefinition {{ id }} }} }}"
        body = client.send(json={"query": create})
        assert [error["extensions"]["code"] for error in body["errors"]] == ["INTERNAL_SERVER_ERROR"]

        # Without its tables, every query fails.
        tables = ("definitions", "schedule", "enrollments", "patients", "staff_members", "locations", "audit_log")
        renamed = [f"ALTER TABLE pm_group_{table} RENAME TO gone_{table}" for table in tables]
        await damage(engine, *renamed)
        query_everything(client)
        assert "INTERNAL_SERVER_ERROR" in client.codes

    written = output.read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    assert MARKER_NAME in {line.get("operation_name") for line in lines}
    assert_clean("\n".join(json.dumps({**line, "operation_name": None}) for line in lines))
    requests = [line for line in lines if line["logger"] == "group_sessions.requests"]
    refusals = [line for line in lines if line["message"] == "refused"]  # of requests that did not reach the app
    assert len(requests) + len(refusals) == client.sent
    assert all(set(line) == LOGGED for line in requests)
    faults = [line for line in lines if line["logger"] == "group_sessions.faults"]
    assert len(faults) > 20
    assert all(fault["fault"][0]["at"] for fault in faults)
    header, payload, _ = bearer().split(".")
    assert header.removeprefix("Bearer ") not in written
    assert payload[:20] not in written
    assert "gsc_" not in written  # the address of a calendar feed
