"""The command `serve`: checks the settings, prepares the database, and runs uvicorn."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from db.connections.engine import create_engine
from server.app import create_clinic
from server.auth.claims import ClaimRules
from server.auth.signing import sign_token
from server.demo.clinic import DEMO_ORGANIZATION, DEMO_PEOPLE, DatabaseNotEmpty, fill_demo_clinic
from server.http.config import ServerConfig
from server.metrics.worker_files import WorkerNumbers
from server.middleware.client_address import TrustedProxies
from server.runtime.command_error import CommandError
from server.runtime.ready_database import (
    prepare_schema,
    refuse_lost_confinement,
    refuse_unfit_login,
    refuse_unless_operator,
)
from server.settings.environment import Settings
from server.startup_line import log_startup
from server.workers.supervisor import Supervisor, WorkersFailed

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
DEMO_TOKEN_LIFETIME: Final = timedelta(hours=12)
_SHUTDOWN_SECONDS: Final = 20
_FACTORY: Final = "server.app:create_app_from_environment"


def serve(settings: Settings, *, host: str, port: int, workers: int, demo: bool) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress.

    Args:
        settings: The settings.
        host: The address to listen on.
        port: The port; 0 picks a free one.
        workers: The number of worker processes.
        demo: Whether to serve the demo clinic, on loopback only, and print a sign-in link for each demo person.

    Raises:
        CommandError: The server must not or cannot start.
    """
    if demo:
        settings = _demo_settings(settings, host)
    elif not settings.sign_in_configured:
        raise CommandError(
            "sign-in is not configured: set AUTH_ISSUER and AUTH_AUDIENCE (and AUTH_JWKS_URL if the issuer does not"
            " publish the address of its keys), or AUTH_JWT_SECRET, or try the demo: group-sessions serve --demo"
        )
    listening = _listen(host, port)
    with contextlib.closing(listening):
        asyncio.run(_prepare(settings, demo=demo))
        bound = listening.getsockname()[1]
        address = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        if demo:
            _print_links(settings, address)
        log_startup(settings, address=address, workers=workers, demo=demo)
        _run(listening, workers, settings)


def _demo_settings(settings: Settings, host: str) -> Settings:
    if host not in LOOPBACK:
        raise CommandError("--demo prints links that sign anyone in, so it listens on loopback only: leave out --host")
    if settings.signs_in_by_provider:
        raise CommandError("--demo signs its own tokens: unset AUTH_JWKS_URL and AUTH_ISSUER, or set AUTH_JWT_SECRET")
    secret = settings.auth_jwt_secret or secrets.token_urlsafe(48)
    graphiql = settings.graphiql or "on"
    # Each worker process reads its settings from the environment that it inherits.
    os.environ["AUTH_JWT_SECRET"] = secret  # noqa: TID251 - written, not read
    os.environ["GRAPHIQL"] = graphiql  # noqa: TID251 - written, not read
    return settings.model_copy(update={"auth_jwt_secret": secret, "graphiql": graphiql})


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address, family=family, backlog=2048)
    except OSError as error:
        # Python appends the address to the system's message, which this message names already.
        reason = (error.strerror or "the address cannot be used").partition(" (while")[0]
        raise CommandError(f"cannot listen on {host} port {port}: {reason}") from None
    listening.set_inheritable(True)
    return listening


async def _prepare(settings: Settings, *, demo: bool) -> None:
    engine = create_engine(settings.database_url, settings.pooling)
    try:
        await prepare_schema(engine)
        if demo:
            await refuse_unless_operator(engine, "serve --demo")
            with contextlib.suppress(DatabaseNotEmpty):
                await fill_demo_clinic(create_clinic(settings, engine))
        await refuse_unfit_login(engine, allow_owner=demo or settings.allow_owner_login == "on")
        await refuse_lost_confinement(engine)
    finally:
        await engine.dispose()


def _print_links(settings: Settings, address: str) -> None:
    secret = settings.auth_jwt_secret
    if secret is None:
        raise CommandError("--demo needs a secret to sign with: set AUTH_JWT_SECRET")
    page, path = ("the admin UI", "/") if settings.admin_ui == "on" else ("GraphiQL", "/graphiql")
    lines = [f"The demo clinic runs at {address}. Open a link to sign in to {page}:"]
    for person in DEMO_PEOPLE:
        token = sign_token(
            secret,
            organization_id=DEMO_ORGANIZATION,
            subject=person.subject,
            roles=[person.role],
            expires_in=DEMO_TOKEN_LIFETIME,
            issuer=settings.auth_issuer,
            audience=settings.auth_audience,
            rules=ClaimRules.from_settings(settings),
        )
        # Browsers do not send the fragment, so the token reaches no server and no log.
        lines.append(f"  {person.label}: {address}{path}#token={token}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _run(listening: socket.socket, workers: int, settings: Settings) -> None:
    config = ServerConfig(
        _FACTORY,
        settings.http_limits,
        TrustedProxies(settings.trusted_networks),
        max_message_bytes=settings.limit_body_bytes,
        factory=True,
        workers=workers,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    if workers > 1:
        with _worker_numbers(settings) as numbers:
            supervisor = Supervisor(config, [listening], silent_seconds=settings.worker_timeout, numbers=numbers)
            try:
                asyncio.run(supervisor.run())
            except WorkersFailed as error:
                raise CommandError(str(error)) from None
        return
    # uvicorn raises the signal again after it has stopped. SIGTERM is a normal end, also before uvicorn has started.
    signal.signal(signal.SIGTERM, _exit)
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise CommandError("the server did not start: see the log line above")


@contextlib.contextmanager
def _worker_numbers(settings: Settings) -> Iterator[WorkerNumbers | None]:
    """Yield what assigns the files of the workers' metrics, or None if METRICS_TOKEN is not set."""
    if settings.metrics_token is None:
        yield None
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="group-sessions-metrics-")
    except OSError as error:
        reason = error.strerror or "it cannot be created"
        message = (
            f"workers share their metrics in a temporary folder ({reason}): set TMPDIR to a folder, or --workers 1"
        )
        raise CommandError(message) from None
    with folder as path:
        yield WorkerNumbers(Path(path))


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
