"""Connections to PostgreSQL over TLS, with a certificate from a test authority."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import anyio.to_thread
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url, text

from db.connections.engine import create_engine
from db.connections.faults import FaultKind
from server.runtime.clock import now
from tests.support.commands import assert_refused, run
from tests.support.databases import PASSWORD
from tests.support.postgres_proxy import postgres_connection

pytestmark = pytest.mark.anyio

_SSL_REQUEST = 80877103
"""The code of SSLRequest in PostgreSQL's protocol."""


@dataclass
class Secured:
    """A TLS proxy in front of PostgreSQL. It records whether each connection was encrypted."""

    url_inside: str
    folder: Path
    port: int = 0
    encrypted: list[bool] = field(default_factory=list)

    def url(self, parameters: str, host: str = "127.0.0.1") -> str:
        through = make_url(self.url_inside).set(host=host, port=self.port, query={})
        filled = parameters.format(authority=self.folder / "authority.pem", stranger=self.folder / "stranger.pem")
        return f"{through.render_as_string(hide_password=False)}?{filled}"

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Handle SSLRequest as PostgreSQL does. The build of PostgreSQL in the tests has no TLS."""
        first = await reader.readexactly(8)
        tls = int.from_bytes(first[4:]) == _SSL_REQUEST
        self.encrypted.append(tls)
        with suppress(OSError):
            if tls:
                writer.write(b"S")
                await writer.drain()
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
                await writer.start_tls(context)
            server_reader, server_writer = await postgres_connection(make_url(self.url_inside))
            if not tls:
                server_writer.write(first)
            await asyncio.gather(_forward(reader, server_writer), _forward(server_reader, writer))
        writer.close()


async def _forward(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def database_kind() -> str:
    """Use PostgreSQL only: SQLite has no network."""
    return "postgresql"


@pytest.fixture
async def secured(database_url: str, tmp_path: Path) -> AsyncIterator[Secured]:
    def write(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)

    authority, stranger = _certificate("authority"), _certificate("stranger")
    key, server_certificate = _certificate("127.0.0.1", signed_by=authority)
    for name, certificate in (
        ("authority.pem", authority[1]),
        ("stranger.pem", stranger[1]),
        ("server.crt", server_certificate),
    ):
        write(name, certificate.public_bytes(serialization.Encoding.PEM))
    write("server.key", key.private_bytes(*_UNENCRYPTED))
    secured = Secured(database_url, tmp_path)
    server = await asyncio.start_server(secured.serve, "127.0.0.1", 0)
    secured.port = server.sockets[0].getsockname()[1]
    yield secured
    server.close()


_UNENCRYPTED = (
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)


def _certificate(
    name: str, signed_by: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None = None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing, issuer = (key, subject) if signed_by is None else (signed_by[0], signed_by[1].subject)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signed_by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if signed_by is not None:
        built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
    return key, built.sign(signing, hashes.SHA256())


async def connect_both_pools(url: str) -> None:
    """Open a connection for writing and one for reading."""
    database = create_engine(url)
    try:
        async with database.connect() as connection:
            await connection.execute(text("SELECT 1"))
        driver = await database.read_pool.acquire("org-1")
        await database.read_pool.release(driver, reusable=False)
    finally:
        await database.dispose()


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("sslmode=disable", False),
        ("sslmode=prefer", True),
        ("sslmode=require", True),
        ("sslmode=verify-ca&sslrootcert={authority}", True),
        ("sslmode=verify-full&sslrootcert={authority}", True),
    ],
)
async def test_both_pools_follow_sslmode(secured: Secured, parameters: str, expected: bool) -> None:
    await connect_both_pools(secured.url(parameters))
    assert secured.encrypted == [expected, expected]


@pytest.mark.parametrize(
    ("parameters", "host"),
    [
        ("sslmode=verify-ca&sslrootcert={stranger}", "127.0.0.1"),
        ("sslmode=verify-full&sslrootcert={stranger}", "127.0.0.1"),
        ("sslmode=verify-full&sslrootcert={authority}", "localhost"),
        ("sslmode=verify-full&sslrootcert=system", "127.0.0.1"),
    ],
)
async def test_an_untrusted_certificate_is_reported_as_such(
    secured: Secured, parameters: str, host: str, tmp_path: Path
) -> None:
    command = partial(run, "migrate", cwd=tmp_path, DATABASE_URL=secured.url(parameters, host))
    done = await anyio.to_thread.run_sync(command)
    assert_refused(done, FaultKind.TLS_REFUSED.reason, "certificate verify failed")
    assert PASSWORD not in done.stderr
    assert secured.encrypted


async def test_session_parameters_of_the_url_apply(secured: Secured) -> None:
    parameters = "sslmode=require&application_name=clinic%201&options=-c%20work_mem%3D7MB"
    url = secured.url(f"{parameters}&target_session_attrs=read-write")
    database = create_engine(url.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:"))
    async with database.connect() as connection:
        settings = await connection.execute(
            text("SELECT current_setting('application_name'), current_setting('work_mem')")
        )
        assert tuple(settings.one()) == ("clinic 1", "7MB")
    await database.dispose()


async def test_a_server_without_tls_is_refused_if_tls_is_required(secured: Secured, tmp_path: Path) -> None:
    async def refuse(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"N")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    secured.port = server.sockets[0].getsockname()[1]
    command = partial(run, "migrate", cwd=tmp_path, DATABASE_URL=secured.url("sslmode=require"))
    assert_refused(await anyio.to_thread.run_sync(command), FaultKind.TLS_REFUSED.reason)
    server.close()
