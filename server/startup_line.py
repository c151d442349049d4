"""The startup log line: version, address and the main settings of this server."""

import logging
from typing import Any

from server.runtime.version import program_version
from server.settings.environment import Settings

_log = logging.getLogger("group_sessions.server")


def log_startup(settings: Settings, *, address: str, workers: int, demo: bool) -> None:
    """Log the startup line, which contains no secret."""
    _log.info("the server starts", extra={"fields": describe_server(settings, address, workers, demo=demo)})


def describe_server(settings: Settings, address: str, workers: int, *, demo: bool) -> dict[str, Any]:
    """Return the fields of the startup line."""
    return {
        "version": program_version(),
        "address": address,
        "workers": workers,
        "database": _database(settings),
        "sign_in": "key set" if settings.auth_jwt_secret is None else "shared secret",
        "demo": demo,
        "admin_ui": settings.admin_ui == "on",
        "graphiql": settings.serves_graphiql(demo=demo),
        "executor": settings.executor,
        "event_receivers": _receivers(settings),
        "inbound_events": settings.events_inbound_secret is not None,
        "rate_limit": settings.rate_limit,
        "rate_limit_shared": settings.rate_limit_store is not None,
        "metrics": settings.metrics_token is not None,
        "traces": settings.traces,
        "cors_origins": list(settings.allowed_origins),
        "trusted_proxies": [str(network) for network in settings.trusted_networks],
        "log_level": settings.log_level,
    }


def _database(settings: Settings) -> dict[str, Any]:
    # Built from parts that cannot contain a secret: a libpq URL may also carry a password in its parameters.
    url = settings.database_async_url
    if url.get_backend_name() == "sqlite":
        return {"kind": "sqlite", "file": url.database}
    return {"kind": "postgresql", "host": url.host, "port": url.port, "name": url.database}


def _receivers(settings: Settings) -> list[str]:
    receivers = {"webhook": settings.events_webhook_url, "notify": settings.events_notify_channel}
    return [name for name, value in receivers.items() if value is not None]
