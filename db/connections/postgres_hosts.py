"""Connects to the host of a PostgreSQL database that accepts writes, among several."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from db.connections.faults import FaultKind, Unavailable
from db.connections.postgres_address import PostgresAddress


class PostgresHosts:
    """The hosts of a database. A connection goes to the first that can be used.

    The host of the last connection is tried first, and a host that failed is tried last. So after a failover, only the
    first connection waits for a host that does not respond, and a caller that gives up while it waits leaves a next try
    that begins elsewhere.
    """

    def __init__(self, address: PostgresAddress) -> None:
        """Start with the first host of the address."""
        self._address = address
        self._tls = {} if address.tls is None else {"ssl": address.tls}
        self._first = 0

    async def connect(self, **options: Any) -> asyncpg.Connection:
        """Return a connection. Each host has the address's `connect_seconds`.

        Raises:
            Unavailable: If hosts respond, but none has the address's `target_session_attrs`.
            OSError: If no host responds.
            asyncpg.PostgresError: If a host refuses the login. No other is tried then.
        """
        hosts = len(self._address.dsns)
        first = self._first
        unreachable: Exception | None = None
        mismatched: Exception | None = None
        for host in (*range(first, hosts), *range(first)):
            try:
                connection = await self._connect_to(host, options)
            except asyncpg.TargetServerAttributeNotMatched as fault:
                mismatched = fault
            except (OSError, asyncpg.CannotConnectNowError) as fault:
                unreachable = fault
            else:
                self._first = host
                return connection
        if mismatched is not None:
            raise Unavailable(FaultKind.NO_PRIMARY) from mismatched
        assert unreachable is not None  # noqa: S101 - an address has at least one host
        raise unreachable

    async def _connect_to(self, host: int, options: Mapping[str, Any]) -> asyncpg.Connection:
        dsn, seconds = self._address.dsns[host], self._address.connect_seconds
        try:
            return await asyncpg.connect(dsn, timeout=seconds, **self._tls, **options)
        except BaseException:  # a cancellation too: its caller may have waited too long for this host
            if self._first == host:
                self._first = (host + 1) % len(self._address.dsns)
            raise
