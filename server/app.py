"""The ASGI app, and the factory that makes it from the environment in each server process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.statement_count import count_statements
from resolvers.context import Clinic
from schema.schema import executed
from server.auth.authenticator import Authenticator
from server.events.inbound_events import InboundEvents
from server.events.relay import Relay, relay_of, running
from server.graphql_endpoint.endpoint import GraphQLOverHTTP
from server.middleware.client_address import TrustedProxies
from server.middleware.compression import Compressed
from server.middleware.cross_origin import cross_origin
from server.middleware.request_log import RequestLog
from server.middleware.shortcut import Shortcut
from server.routes.graphiql import graphiql_routes
from server.routes.health import health_routes
from server.runtime.clock import now
from server.runtime.garbage import tame_collector
from server.runtime.housekeeping import housekeeping
from server.runtime.logs import configure_logging, silence_document_logging
from server.settings.environment import Settings, load_settings
from server.settings.request_limits import DEFAULT_EDGE, Edge

GRAPHIQL_FILES: Final = Path(__file__).resolve().parent.parent / "web" / "dist"

_GRAPHQL: Final = "/graphql"

ANSWER_SECONDS: Final = 15
"""Longer than the server lets a statement run, so that it is PostgreSQL itself that ends one, where it can."""


def create_app(
    clinic: Clinic,
    authenticator: Authenticator,
    *,
    graphiql: bool,
    edge: Edge = DEFAULT_EDGE,
    relay: Relay | None = None,
    inbound_secret: str | None = None,
    compiled: bool = True,
    proxies: TrustedProxies | None = None,
) -> Starlette:
    """Return the app; it closes the clinic's database when it is shut down.

    Args:
        clinic: The database and the clinic's settings.
        authenticator: What tells callers from strangers.
        graphiql: Whether GraphiQL's page is served, and / leads there.
        edge: What requests are bounded by.
        relay: Delivers events while the app is up, where given.
        inbound_secret: What other modules sign their events with, where we take any.
        compiled: Whether compiled code completes what it can (see executor), or graphql-core all of it.
        proxies: The proxies that say where a request comes from; by default none.
    """
    silence_document_logging()
    count_statements(clinic.engine)
    schema = executed(compiled=compiled, cache_bytes=edge.limits.cache_bytes)
    graphql = Compressed(GraphQLOverHTTP(schema, clinic, authenticator, edge))
    routes: list[BaseRoute] = [
        Route(_GRAPHQL, graphql),  # the shortcut is before it; it is the place that /graphql/ is sent on to
        Route("/events", InboundEvents(clinic, inbound_secret)),
        *health_routes(clinic.engine),
    ]
    if graphiql:
        routes += graphiql_routes(GRAPHIQL_FILES)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tame_collector()
        async with housekeeping(clinic), running(relay):
            yield
        await clinic.engine.dispose()

    around = [
        Middleware(RequestLog, proxies),
        *cross_origin(edge.cors_origins),
        Middleware(Shortcut, _GRAPHQL, graphql),
    ]
    return Starlette(routes=routes, middleware=around, lifespan=lifespan)


def create_clinic(settings: Settings, engine: Database) -> Clinic:
    """Return the clinic that the settings describe, on this database."""
    return Clinic(engine, now, uuid7, settings.default_time_zone, settings.first_weekday, settings.waitlist_limit)


def create_app_from_environment() -> Starlette:
    """Return a server process its app. `serve` has checked the environment, and completed it for the demo.

    Raises:
        SettingsError: Where a variable is wrong.
        ValueError: Where sign-in is not configured.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    clinic = create_clinic(
        settings, create_engine(settings.database_url, command_timeout=ANSWER_SECONDS, may_create=False)
    )
    return create_app(
        clinic,
        Authenticator.from_settings(settings),
        graphiql=settings.serves_graphiql(demo=False),
        edge=settings.edge,
        relay=relay_of(settings, clinic.engine),
        inbound_secret=settings.events_inbound_secret,
        compiled=settings.executor == "compiled",
        proxies=TrustedProxies(settings.trusted_networks),
    )
