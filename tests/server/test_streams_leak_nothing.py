"""Markers are put into every name and every message, and neither the stream of changes nor the log contains any.

The server is a process of its own with LOG_LEVEL=DEBUG, so that its libraries' logs count too.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.server.test_nothing_leaks import (
    LOGGED,
    PEOPLE,
    RecordingClient,
    assert_clean,
    change_everything,
    run,
    serving,
)
from tests.support.api_client import ORGANIZATION, bearer
from tests.support.planted import INVALID_DOCUMENTS, MARKER, MARKER_NAME

ALL_CHANGES = """
subscription Changes {
  changes {
    __typename id event at groupDefinitionId occurrenceId enrollmentId patientId correlationId actorId
  }
}
"""
INIT = {"type": "connection_init", "payload": {"Authorization": bearer()}}
MESSAGES: list[list[Any]] = [
    [MARKER],
    [f'{{"type": "{MARKER}'],
    [MARKER.encode()],
    [{"type": MARKER}],
    [{"type": "connection_init", "payload": MARKER}],
    [{"type": "connection_init", "payload": {"Authorization": f"Bearer {MARKER}"}}],
    [{"type": "subscribe", "id": MARKER, "payload": {"query": ALL_CHANGES}}],
    [INIT, {"type": "ping", "payload": {MARKER: MARKER}}, {"type": "pong", "payload": {MARKER: MARKER}}, INIT],
    [INIT, *[{"type": "subscribe", "id": MARKER, "payload": {"query": ALL_CHANGES}}] * 2],
    [INIT, {"type": "subscribe", "id": "1", "payload": {"query": ALL_CHANGES, "variables": MARKER}}],
    [INIT, {"type": MARKER, "id": MARKER}],
]
"""The messages of connections that the server closes."""
PAYLOADS = [
    {"query": ALL_CHANGES, "operationName": MARKER},
    {"query": f'subscription {{ changes(after: "{MARKER}") {{ id }} }}'},
    {"query": f'subscription {{ changes(groupDefinitionIds: ["{MARKER}"]) {{ id }} }}'},
    {"query": "subscription ($a: ID) { changes(after: $a) { id } }", "variables": {"a": MARKER, MARKER: MARKER}},
    {"query": "subscription ($a: ID) { changes(after: $a) { id } }", "variables": {"a": [MARKER]}},
    {"query": f"subscription {MARKER_NAME} {{ changes {{ {MARKER_NAME} }} }}"},
    *({"query": document} for document in INVALID_DOCUMENTS),
]
"""Operations that are refused."""


def connected(client: RecordingClient, path: str = "/graphql") -> ClientConnection:
    address = str(client.http.base_url).rstrip("/").replace("http", "ws")
    return connect(f"{address}{path}", subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None)


def send_all(socket: ClientConnection, messages: list[Any]) -> None:
    for message in messages:
        socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


def send_refused_messages(client: RecordingClient) -> None:
    for messages in MESSAGES:
        with connected(client, f"/graphql?{MARKER}={MARKER}") as socket:
            with suppress(ConnectionClosed):
                send_all(socket, messages)
            with suppress(ConnectionClosed):
                while True:
                    socket.recv(30)
            assert socket.close_code is not None
    for payload in PAYLOADS:
        with connected(client) as socket:
            send_all(socket, [INIT, {"type": "subscribe", "id": "1", "payload": payload}])
            socket.recv(30)
            message = json.loads(socket.recv(30))
            assert message["type"] == "error"
        client.send(json=payload, headers={"Accept": "text/event-stream"})


@pytest.mark.timeout(240)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_neither_changes_nor_logs_of_streams_contain_a_name(database_url: str, owner_url: str, tmp_path: Path) -> None:
    people = tmp_path / "people.ndjson"
    people.write_text("".join(f"{json.dumps(person)}\n" for person in PEOPLE))
    run(owner_url, "import-fhir", "--organization", ORGANIZATION, str(people))
    output = tmp_path / "output"
    headers = {"Authorization": bearer(), "Accept": "text/event-stream"}
    with serving(database_url, output) as http:
        client = RecordingClient(http)
        with (
            http.stream("POST", "/graphql", json={"query": ALL_CHANGES}, headers=headers) as events,
            connected(client) as socket,
        ):
            send_all(
                socket, [INIT, {"type": "subscribe", "id": "1", "payload": {"query": ALL_CHANGES}}, {"type": "ping"}]
            )
            assert [json.loads(socket.recv(30))["type"] for _ in range(2)] == ["connection_ack", "pong"]
            lines = events.iter_lines()
            next(lines)  # the stream is open
            change_everything(client)
            groups = client.send(json={"query": "{ groupDefinitions(first: 1) { nodes { id } } }"})["data"]
            day = {"sessionDate": "2031-06-01", "startTime": "09:00:00"}
            group = groups["groupDefinitions"]["nodes"][0]["id"]
            last = client.change("createOccurrence", {"groupDefinitionId": group, **day}, "occurrence")
            received: list[str] = []
            while not received or last not in received[-1]:
                received.append(next(lines))
            count = sum(line.startswith("data:") for line in received)
            assert count >= 10
            received += [str(socket.recv(30)) for _ in range(count)]
            assert '"patientId":"patient:patient-1"' in "".join(received)
            assert_clean("\n".join(received))
        send_refused_messages(client)
        assert "INTERNAL_SERVER_ERROR" not in client.codes

    log = [json.loads(line) for line in output.read_text().splitlines()]
    assert_clean("\n".join(json.dumps({**line, "operation_name": None}) for line in log))
    requests = [line for line in log if line["logger"] == "group_sessions.requests"]
    assert len([line for line in requests if line["method"] == "WEBSOCKET"]) == 1 + len(MESSAGES) + len(PAYLOADS)
    assert all(set(line) == LOGGED for line in requests)
    assert [line for line in log if line["level"] == "ERROR"] == []
    assert bearer().split(".")[1][:20] not in output.read_text()
