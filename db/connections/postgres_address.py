"""Where a PostgreSQL is and how it is reached: a URL with the parameters that libpq, PostgreSQL's own client, knows.

The driver reads most of them itself. What it would misread or pass over in silence is read here, or refused by name.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from sqlalchemy import URL

DEFAULT_CONNECT_SECONDS: Final = 5.0
_SHORTEST_CONNECT_SECONDS: Final = 2  # as in libpq

_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(\d{0,5}))?")
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "sslnegotiation": ("postgres", "direct"),
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
}
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
_DRIVERS_OWN: Final = frozenset(
    {"host", "port", "dbname", "user", "password", "application_name", "options", "sslpassword", "krbsrvname"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version", *_FILES, "sslmode", "target_session_attrs"}
    | {"sslnegotiation"}
)
# The driver binds no channel and encrypts by no GSSAPI: what merely allows that changes nothing.
_DROPPED: Final = frozenset({"channel_binding", "gssencmode", "connect_timeout"})


_NO_BINDING: Final = (
    ": the driver cannot bind channels. Leave channel_binding out, and set sslmode=verify-full, which proves by its"
    " certificate whom one speaks to"
)


class UnusableParameter(ValueError):
    """A part of the URL that cannot be used; the message names it, and quotes no value that may be secret."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """How a PostgreSQL is reached.

    Attributes:
        url: Its name for SQLAlchemy, without parameters.
        dsn: What the driver connects by.
        connect_seconds: How long connecting may take; None is for ever.
        tls: How its certificate is checked, where that is not said in `dsn`.
    """

    url: URL
    dsn: str = field(repr=False)
    connect_seconds: float | None
    tls: ssl.SSLContext | None


def postgres_address(database_url: str) -> PostgresAddress:
    """Return what postgresql://… or postgres://… says.

    Raises:
        UnusableParameter: Where a parameter is unknown, doubled, or has a value that cannot be used.
    """
    try:
        parts = urlsplit(database_url)
    except ValueError:
        raise UnusableParameter("is no URL") from None
    given = _parameters(parts)
    for name, choices in _CHOICES.items():
        if given.get(name, choices[0]) not in choices:
            hint = _NO_BINDING if name == "channel_binding" else ""
            raise UnusableParameter(f"has a {name} that is none of {', '.join(choices)}{hint}")
    tls = _system_certificates(given)
    for name in _FILES:
        _refuse_unreadable(name, given.get(name))
    kept = {name: value for name, value in given.items() if name not in _DROPPED}
    dsn = f"postgresql://{parts.netloc}{parts.path}" + (f"?{urlencode(kept, quote_via=quote)}" if kept else "")
    return PostgresAddress(_named(parts, given), dsn, _connect_seconds(given.get("connect_timeout")), tls)


def _parameters(parts: SplitResult) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _DRIVERS_OWN | _DROPPED:
            raise UnusableParameter(f"has a parameter that is not understood: {name}")
        if name in given:
            raise UnusableParameter(f"has {name} twice")
        if not value:
            raise UnusableParameter(f"has {name} without a value")
        given[name] = value
    return given


def _named(parts: SplitResult, given: Mapping[str, str]) -> URL:
    login, _, hosts = parts.netloc.rpartition("@")
    each = [_HOST.fullmatch(host) for host in hosts.split(",")]
    ports = [found[2] for found in each if found is not None and found[2]] or given.get("port", "").split(",")
    if None in each or any(port and not _is_port(port) for port in ports):
        raise UnusableParameter("has a host or a port that cannot be one")
    first = each[0]
    host, port = (first[1], first[2]) if first is not None else ("", "")
    if not hosts:
        port = ports[0]
    elif twice := [name for name in ("host", "port") if name in given]:
        raise UnusableParameter(f"has {twice[0]} as a parameter beside host:port, which the driver would pass over")
    return URL.create(
        "postgresql+asyncpg",
        username=unquote(login.partition(":")[0]) or given.get("user"),
        host=unquote(host).strip("[]") or given.get("host"),
        port=int(port) if port else None,
        database=unquote(parts.path.removeprefix("/")) or given.get("dbname"),
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def _connect_seconds(value: str | None) -> float | None:
    if value is None:
        return DEFAULT_CONNECT_SECONDS
    if not value.isdecimal():
        raise UnusableParameter("has a connect_timeout that is no number of seconds")
    return max(int(value), _SHORTEST_CONNECT_SECONDS) if int(value) else None


def _system_certificates(given: dict[str, str]) -> ssl.SSLContext | None:
    """Return what checks by the certificates of the system, where `sslrootcert=system` asks for it."""
    if given.get("sslrootcert") != "system":
        return None
    if given.get("sslmode", "verify-full") != "verify-full":
        raise UnusableParameter("has sslrootcert=system, which goes with sslmode=verify-full alone")
    del given["sslrootcert"]
    given.pop("sslmode", None)
    context = ssl.create_default_context()
    if "sslcert" in given:
        context.load_cert_chain(given.pop("sslcert"), given.pop("sslkey", None), given.pop("sslpassword", None))
    return context


def _refuse_unreadable(name: str, path: str | None) -> None:
    if path is not None:
        try:
            with Path(path).open("rb"):
                pass
        except OSError as error:
            raise UnusableParameter(f"has a {name} that cannot be read: {path}: {error.strerror}") from None
