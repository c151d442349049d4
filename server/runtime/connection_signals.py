"""Signals between a connection and the app that uses it, beyond what ASGI has.

uvicorn tells only connections that the server shuts down, and only the app knows whether a WebSocket is in use.
"""

from collections.abc import Callable, MutableMapping
from typing import Any, Final

_CALLBACK: Final = "group_sessions.on_shutdown"
_BEGUN: Final = "group_sessions.shutdown"
_IN_USE: Final = "group_sessions.in_use"


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


def ends_on_shutdown(scope: MutableMapping[str, Any]) -> bool:
    """Return whether the response to a request ends when the server begins to shut down."""
    return _CALLBACK in scope


def set_in_use(scope: MutableMapping[str, Any], in_use: bool) -> None:
    """Note whether a WebSocket has a subscription. One without may be closed to make room for others."""
    scope[_IN_USE] = in_use


def is_in_use(scope: MutableMapping[str, Any]) -> bool:
    """Return whether a WebSocket has a subscription."""
    return bool(scope.get(_IN_USE))
