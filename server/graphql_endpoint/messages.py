"""The shape of graphql-transport-ws messages. Strawberry's handler takes it for granted."""

from typing import Any

_MAX_ID_LENGTH = 128


def is_well_formed(message: object) -> bool:
    """Return whether a message has the members that its type requires, each of the right kind."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in {"subscribe", "complete"}:
        message_id = message.get("id")
        if not isinstance(message_id, str) or not 1 <= len(message_id) <= _MAX_ID_LENGTH:
            return False
    return message["type"] != "subscribe" or _is_request(message.get("payload"))


def _is_request(payload: Any) -> bool:
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("extensions"), dict | None)
    )
