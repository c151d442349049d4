"""The ASGI app, and the factory that creates it from the environment in each server process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.statement_count import count_statements
from resolvers.context import Clinic
from schema.schema import schema_with_executor
from server.auth.authenticator import Authenticator
from server.calendars.endpoint import CalendarFeeds
from server.events.inbound_events import InboundEvents
from server.events.relay import Relay, relay_of, running
from server.exports.endpoint import ExportEndpoint
from server.exports.sign_in import ExportSignIn
from server.graphql_endpoint.endpoint import GraphQLEndpoint
from server.graphql_endpoint.websocket import GraphQLWebSocket
from server.middleware.client_address import TrustedProxies
from server.middleware.compression import Compression
from server.middleware.cors import cors_middleware
from server.middleware.request_log import RequestLog
from server.routes.admin import admin_routes
from server.routes.graphiql import graphiql_routes
from server.routes.health import health_routes
from server.runtime.clock import now
from server.runtime.garbage import tune_garbage_collector
from server.runtime.housekeeping import housekeeping
from server.runtime.logs import configure_logging, silence_document_logging
from server.runtime.rate_limit import RateLimit
from server.settings.browser_sign_in import Provider
from server.settings.environment import Settings, load_settings
from server.settings.request_limits import DEFAULT_REQUEST_LIMITS, RequestLimits
from server.settings.stream_limits import DEFAULT_STREAM_LIMITS, StreamLimits

if TYPE_CHECKING:
    from server.metrics.metrics import Metrics
    from server.runtime.rate_limit_store import RateLimitStore
    from server.tracing.tracing import Tracing

PAGES: Final = Path(__file__).resolve().parent.parent / "web" / "dist"

COMMAND_TIMEOUT_SECONDS: Final = 15
"""How long a server process waits for a statement. PostgreSQL's own, shorter statement timeout should come first."""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The metrics of this process, and the token that a request for them needs."""

    metrics: "Metrics"
    token: str


class _App(Starlette):
    """Starlette without its own two middlewares, which respond to exceptions, because `RequestLog` responds to them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request. Without `app` in its scope, the router itself responds with 404 and 405."""
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        await self.middleware_stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Return the router in the middlewares of the app."""
        app: ASGIApp = self.router
        for middleware in reversed(self.user_middleware):
            app = middleware.cls(app, *middleware.args, **middleware.kwargs)
        return app


def create_app(
    clinic: Clinic,
    authenticator: Authenticator,
    *,
    graphiql: bool,
    admin_ui: bool = False,
    provider: Provider | None = None,
    limits: RequestLimits = DEFAULT_REQUEST_LIMITS,
    stream_limits: StreamLimits = DEFAULT_STREAM_LIMITS,
    allowed_origins: Sequence[str] = (),
    relay: Relay | None = None,
    inbound_secret: str | None = None,
    compiled: bool = True,
    proxies: TrustedProxies | None = None,
    monitoring: Monitoring | None = None,
    rate_limit_store: "RateLimitStore | None" = None,
    tracing: "Tracing | None" = None,
) -> Starlette:
    """Return the app. Its shutdown closes the clinic's database.

    Args:
        clinic: The database and the settings of the clinic.
        authenticator: Authenticates callers.
        graphiql: Whether to serve the GraphiQL page. Without the admin UI, / redirects to it.
        admin_ui: Whether to serve the admin UI.
        provider: Where people sign in to the admin UI. Without it, they need a link or a token.
        limits: The limits of GraphQL requests.
        stream_limits: The limits of streams.
        allowed_origins: The origins whose pages may send requests (CORS).
        relay: Delivers events while the app runs; None delivers none.
        inbound_secret: The secret with which other modules sign their events; None accepts no events.
        compiled: Whether to use the compiled executor (see executor) or only graphql-core.
        proxies: The proxies whose X-Forwarded-For header is trusted; None trusts none.
        monitoring: Serves metrics; None serves and measures none.
        rate_limit_store: Counts the requests of callers for all processes; None lets this process count its own.
        tracing: Traces requests; None traces none.
    """
    silence_document_logging()
    count_statements(clinic.engine)
    schema = schema_with_executor(compiled=compiled, cache_bytes=limits.document.cache_bytes)

    def rate_limit(name: str) -> RateLimit | None:
        return RateLimit(limits.rate_limit, rate_limit_store, name) if limits.rate_limit else None

    endpoint = GraphQLEndpoint(schema, clinic, authenticator, limits, stream_limits, rate_limit("graphql"))
    routes: list[BaseRoute] = [
        Route("/graphql", Compression(endpoint)),
        WebSocketRoute("/graphql", GraphQLWebSocket(endpoint.services, allowed_origins)),
        Route("/export/{name}", ExportEndpoint(clinic, ExportSignIn(authenticator, clinic), rate_limit("exports"))),
        Route("/calendars/{token}.ics", CalendarFeeds(clinic, rate_limit_store).respond),
        Route("/events", InboundEvents(clinic, inbound_secret)),
        *health_routes(clinic.engine),
    ]
    if graphiql:
        routes += graphiql_routes(PAGES / "graphiql", start_page=not admin_ui)
    if admin_ui:
        routes += admin_routes(PAGES / "admin", graphiql=graphiql, provider=provider, rules=authenticator.rules)

    sampler: AbstractAsyncContextManager[None] = nullcontext()
    if monitoring is not None:
        route, sampler = _monitor(monitoring, clinic, endpoint, relay)
        routes.append(route)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tune_garbage_collector()
        async with housekeeping(clinic), running(relay), sampler:
            yield
        await clinic.change_feed.close()
        await clinic.late_releases.close()
        if rate_limit_store is not None:
            await rate_limit_store.close()
        if tracing is not None:
            await asyncio.to_thread(tracing.shutdown)
        await clinic.engine.dispose()

    start_trace = None if tracing is None else tracing.start
    observe = None if monitoring is None else monitoring.metrics.request_ended
    middleware = [Middleware(RequestLog, proxies, observe, start_trace), *cors_middleware(allowed_origins)]
    return _App(routes=routes, middleware=middleware, lifespan=lifespan)


def _monitor(
    monitoring: Monitoring, clinic: Clinic, endpoint: GraphQLEndpoint, relay: Relay | None
) -> tuple[Route, AbstractAsyncContextManager[None]]:
    """Measure the database from now on. Return the route of the metrics, and what measures while the app runs."""
    # Imported here to save memory: a server without metrics never loads prometheus-client.
    from server.metrics.metrics import DatabaseMeter
    from server.metrics.sampling import sampling
    from server.routes.metrics import MetricsRoute

    metrics, engine = monitoring.metrics, clinic.engine
    engine.meter = clinic.lock_queue.meter = DatabaseMeter(metrics)
    served = MetricsRoute(metrics, monitoring.token, engine, relay.sinks if relay else ())
    return served.route, sampling(metrics, engine, endpoint.services.subscriptions.count)


def create_clinic(settings: Settings, engine: Database) -> Clinic:
    """Return the clinic of the settings on this database."""
    return Clinic(
        engine,
        now,
        uuid7,
        settings.default_time_zone,
        settings.first_weekday,
        settings.waitlist_limit,
        settings.rule_sets,
    )


def create_app_from_environment() -> Starlette:
    """Return the app of a server process. `serve` has checked the environment before, and completed it for the demo.

    Raises:
        SettingsError: If a variable is invalid.
        ValueError: If sign-in is not configured.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    engine = create_engine(
        settings.database_url, settings.pooling, command_timeout=COMMAND_TIMEOUT_SECONDS, may_create=False
    )
    clinic = create_clinic(settings, engine)
    monitoring = _monitoring(settings)
    return create_app(
        clinic,
        Authenticator.from_settings(settings),
        graphiql=settings.serves_graphiql(demo=False),
        admin_ui=settings.admin_ui == "on",
        provider=settings.browser_sign_in,
        limits=settings.request_limits,
        stream_limits=settings.stream_limits,
        allowed_origins=settings.allowed_origins,
        relay=relay_of(settings, clinic.engine, monitoring.metrics.count_attempt if monitoring else None),
        inbound_secret=settings.events_inbound_secret,
        compiled=settings.executor == "compiled",
        proxies=TrustedProxies(settings.trusted_networks),
        monitoring=monitoring,
        rate_limit_store=_rate_limit_store(settings, monitoring),
        tracing=_tracing(settings, engine),
    )


def _rate_limit_store(settings: Settings, monitoring: Monitoring | None) -> "RateLimitStore | None":
    if settings.rate_limit_store is None:
        return None
    from server.runtime.rate_limit_store import RateLimitStore  # an optional library

    on_fault = None if monitoring is None else monitoring.metrics.declared.rate_limit_faults.inc
    return RateLimitStore(settings.rate_limit_store, on_fault)


def _tracing(settings: Settings, engine: Database) -> "Tracing | None":
    if settings.traces == "off":
        return None
    from server.tracing.otlp import otlp_tracing  # an optional library

    return otlp_tracing(engine.dialect.name)


def _monitoring(settings: Settings) -> Monitoring | None:
    if settings.metrics_token is None:
        return None
    from server.metrics.metrics import Metrics  # only if needed, to save memory

    return Monitoring(Metrics(), settings.metrics_token)
