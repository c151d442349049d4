"""The client's address: the peer of the connection, or the address that trusted proxies report.

uvicorn's own middleware is not used because it accepts any text in the header as an address.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from starlette.types import Scope

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAX_LENGTH: Final = 64
"""Enough for an IPv6 address in brackets with a zone and a port."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a list of addresses and networks, separated by commas.

    Raises:
        ValueError: If an item is neither (such as `*`), or has bits set after its prefix.
    """
    return tuple(ipaddress.ip_network(item) for item in text.replace(",", " ").split())


class TrustedProxies:
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted.

    `Forwarded` (RFC 7239) is ignored. A proxy that writes only the other headers would pass on a `Forwarded` header
    that the client has made up.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        """Take the networks of the proxies. Without any, the headers are ignored."""
        self._networks = networks

    def trusts(self, address: Address) -> bool:
        """Return whether the address belongs to a trusted proxy."""
        return any(address in network for network in self._networks)

    def resolve(self, scope: Scope) -> str | None:
        """Return the client's address, or None if the peer has no address. Set the scheme that the client used.

        Each proxy appends the address that it was connected from. The client's address is therefore the rightmost one
        in X-Forwarded-For that is not a trusted proxy; a client can make up everything to the left of it. An invalid
        item ends the search, and the address to its right counts.
        """
        peer = scope.get("client")
        if not self._networks:
            return peer[0] if peer else None
        nearest = parse_address(peer[0]) if peer else None
        if nearest is None or not self.trusts(nearest):
            return None if nearest is None else str(nearest)
        forwarded: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded += value.decode("latin-1").split(",")
            elif name == b"x-forwarded-proto" and value in {b"http", b"https"}:
                scope["scheme"] = value.decode()
        return str(self._nearest_untrusted(nearest, reversed(forwarded)))

    def _nearest_untrusted(self, nearest: Address, hops: Iterable[str]) -> Address:
        for hop in hops:
            address = parse_address(hop.strip())
            if address is None:
                break
            nearest = address
            if not self.trusts(nearest):
                break
        return nearest


def parse_address(text: str) -> Address | None:
    """Return the address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`, or None if invalid."""
    if len(text) > _MAX_LENGTH:
        return None
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
    elif text.count(":") == 1:
        host, colon, port = text.partition(":")
        if not _is_port(colon + port):
            return None
    else:
        host = text
    try:
        address = ipaddress.ip_address(host.partition("%")[0])  # a zone has a meaning only on the proxy's host
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())
