"""Tells long responses that the server shuts down, so that they end. uvicorn tells it only to connections."""

from collections.abc import Callable, MutableMapping
from typing import Any, Final

_CALLBACK: Final = "group_sessions.on_shutdown"
_BEGUN: Final = "group_sessions.shutdown"


def call_on_shutdown(scope: MutableMapping[str, Any], callback: Callable[[], None]) -> None:
    """Call a function when the server begins to shut down; at once, if it has begun.

    Args:
        scope: The request whose response must end.
        callback: The function.
    """
    scope[_CALLBACK] = callback
    if _BEGUN in scope:
        callback()


def begin_shutdown(scope: MutableMapping[str, Any]) -> None:
    """End the response to a request, if it is a long one. The HTTP connections call this."""
    scope[_BEGUN] = True
    callback = scope.get(_CALLBACK)
    if callback is not None:
        callback()
