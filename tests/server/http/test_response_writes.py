"""How a response is written: the head together with the body."""

from tests.server.http.server_process import ServerProcess, receive_all, receive_response, status_of
from tests.support.api_client import bearer

_MORE_THAN_A_HEAD = 65_536


def test_the_head_and_the_body_of_a_response_arrive_together(server: ServerProcess) -> None:
    with server.connect() as client:
        for _ in range(20):  # two writes may happen to be received as one
            client.sendall(b"GET /health HTTP/1.1\r\n\r\n")
            head, _, body = client.recv(_MORE_THAN_A_HEAD).partition(b"\r\n\r\n")
            assert status_of(head) == 200
            assert b"content-length: %d" % len(body) in head
            assert body


def test_a_head_without_a_body_is_sent(server: ServerProcess) -> None:
    response = server.exchange(b"HEAD /health HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert status_of(response) == 200
    assert response.endswith(b"\r\n\r\n")
    with server.connect() as client:
        client.sendall(b"HEAD /health HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert receive_all(client).count(b"HTTP/1.1 200") == 2


def test_100_continue_is_sent_before_the_body_of_the_request(server: ServerProcess) -> None:
    head = f"POST /graphql HTTP/1.1\r\nAuthorization: {bearer()}\r\nContent-Type: application/json\r\n".encode()
    with server.connect() as client:
        client.sendall(head + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert status_of(client.recv(_MORE_THAN_A_HEAD)) == 100
        client.sendall(b"{}")
        assert status_of(receive_response(client)) == 400
