"""The address of a PostgreSQL database: a URL with the parameters of libpq, PostgreSQL's own client.

The driver reads most of them itself. Parameters that it would misread or ignore are handled here, or rejected by name.
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
SEVERAL_HOSTS_CONNECT_SECONDS: Final = 2.0
"""The default for each of several hosts. The next one should be tried soon."""
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
_PASSED_TO_DRIVER: Final = frozenset(
    {"host", "port", "dbname", "user", "password", "application_name", "options", "sslpassword", "krbsrvname"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version", *_FILES, "sslmode", "target_session_attrs"}
    | {"sslnegotiation"}
)
# The driver supports neither channel binding nor GSSAPI encryption, so "disable" and "prefer" change nothing.
_IGNORED: Final = frozenset({"channel_binding", "gssencmode", "connect_timeout"})


_NO_CHANNEL_BINDING: Final = (
    ". The driver does not support channel binding. Remove channel_binding, and set sslmode=verify-full, which verifies"
    " the server's certificate"
)


class UnusableParameter(ValueError):
    """A part of the URL that cannot be used. The message names it, and contains no value that may be secret."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """The address of a PostgreSQL database.

    Attributes:
        url: The URL for SQLAlchemy, without parameters.
        dsns: The URLs for the driver, with parameters: one for each host, in their order.
        connect_seconds: How long connecting to one host may take. None means no limit.
        tls: How to verify the server's certificate, if `dsns` do not say it.
    """

    url: URL
    dsns: tuple[str, ...] = field(repr=False)
    connect_seconds: float | None
    tls: ssl.SSLContext | None


def postgres_address(database_url: str) -> PostgresAddress:
    """Parse a URL that starts with postgresql:// or postgres://.

    Raises:
        UnusableParameter: A parameter is unknown or duplicated, or its value cannot be used.
    """
    try:
        parts = urlsplit(database_url)
    except ValueError:
        raise UnusableParameter("is not a URL") from None
    parameters = _parameters(parts)
    for name, choices in _CHOICES.items():
        if parameters.get(name, choices[0]) not in choices:
            hint = _NO_CHANNEL_BINDING if name == "channel_binding" else ""
            raise UnusableParameter(f"has a {name} that is not one of {', '.join(choices)}{hint}")
    tls = _system_certificates(parameters)
    for name in _FILES:
        _check_readable(name, parameters.get(name))
    passed = {name: value for name, value in parameters.items() if name not in _IGNORED}
    url = _sqlalchemy_url(parts, parameters)
    hosts = _hosts(parts, passed)
    if len(hosts) > 1:
        # The server writes. Without this, it could use a host that has become a standby.
        passed.setdefault("target_session_attrs", "read-write")
    dsns = tuple(_dsn(parts, netloc, {**passed, **own}) for netloc, own in hosts)
    default = DEFAULT_CONNECT_SECONDS if len(hosts) == 1 else SEVERAL_HOSTS_CONNECT_SECONDS
    return PostgresAddress(url, dsns, _connect_seconds(parameters.get("connect_timeout"), default), tls)


def _hosts(parts: SplitResult, parameters: Mapping[str, str]) -> list[tuple[str, Mapping[str, str]]]:
    """Return for each host the part of the URL with its login, and the parameters that only this host has."""
    login, at, hosts = parts.netloc.rpartition("@")
    if hosts:
        return [(f"{login}{at}{host}", {}) for host in hosts.split(",")]
    if "host" not in parameters:
        return [(parts.netloc, {})]
    names = parameters["host"].split(",")
    ports = parameters.get("port", "").split(",")
    if len(ports) not in (1, len(names)):
        raise UnusableParameter("has another number of ports than of hosts")
    ports *= len(names) if len(ports) == 1 else 1
    return [
        (parts.netloc, {"host": name} | ({"port": port} if port else {}))
        for name, port in zip(names, ports, strict=True)
    ]


def _dsn(parts: SplitResult, netloc: str, parameters: Mapping[str, str]) -> str:
    query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    return f"postgresql://{netloc}{parts.path}{query}"


def _parameters(parts: SplitResult) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _PASSED_TO_DRIVER | _IGNORED:
            raise UnusableParameter(f"has an unknown parameter: {name}")
        if name in parameters:
            raise UnusableParameter(f"has the parameter {name} twice")
        if not value:
            raise UnusableParameter(f"has the parameter {name} without a value")
        parameters[name] = value
    return parameters


def _sqlalchemy_url(parts: SplitResult, parameters: Mapping[str, str]) -> URL:
    login, _, hosts = parts.netloc.rpartition("@")
    matches = [_HOST.fullmatch(host) for host in hosts.split(",")]
    ports = [match[2] for match in matches if match is not None and match[2]] or parameters.get("port", "").split(",")
    if None in matches or any(port and not _is_port(port) for port in ports):
        raise UnusableParameter("has an invalid host or port")
    first = matches[0]
    host, port = (first[1], first[2]) if first is not None else ("", "")
    if not hosts:
        port = ports[0]
    elif ignored := [name for name in ("host", "port") if name in parameters]:
        raise UnusableParameter(f"has both host:port and the parameter {ignored[0]}, which the driver would ignore")
    return URL.create(
        "postgresql+asyncpg",
        username=unquote(login.partition(":")[0]) or parameters.get("user"),
        host=unquote(host).strip("[]") or parameters.get("host"),
        port=int(port) if port else None,
        database=unquote(parts.path.removeprefix("/")) or parameters.get("dbname"),
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def _connect_seconds(value: str | None, default: float) -> float | None:
    if value is None:
        return default
    if not value.isdecimal():
        raise UnusableParameter("has a connect_timeout that is not a number of seconds")
    return max(int(value), _SHORTEST_CONNECT_SECONDS) if int(value) else None


def _system_certificates(parameters: dict[str, str]) -> ssl.SSLContext | None:
    """Return a context with the operating system's certificates if `sslrootcert=system`, and remove its parameters."""
    if parameters.get("sslrootcert") != "system":
        return None
    if parameters.get("sslmode", "verify-full") != "verify-full":
        raise UnusableParameter("has sslrootcert=system, which needs sslmode=verify-full")
    del parameters["sslrootcert"]
    parameters.pop("sslmode", None)
    context = ssl.create_default_context()
    if "sslcert" in parameters:
        key, password = parameters.pop("sslkey", None), parameters.pop("sslpassword", None)
        context.load_cert_chain(parameters.pop("sslcert"), key, password)
    return context


def _check_readable(name: str, path: str | None) -> None:
    if path is not None:
        try:
            with Path(path).open("rb"):
                pass
        except OSError as error:
            raise UnusableParameter(f"has a {name} that cannot be read: {path}: {error.strerror}") from None
