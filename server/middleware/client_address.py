"""Where a request comes from: the peer of its connection, or what trusted proxies say in front of it.

uvicorn's own middleware is not used, since it takes any text from the header for an address.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from starlette.types import Scope

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LONGEST = 64
"""An IPv6 address in brackets with a zone and a port is no longer."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a list of addresses and networks, separated by commas.

    Raises:
        ValueError: If one is neither, such as `*`, or has bits set beyond its prefix.
    """
    return tuple(ipaddress.ip_network(each) for each in text.replace(",", " ").split())


class TrustedProxies:
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto headers are believed, and whose clients are many.

    `Forwarded` (RFC 7239) is not read: a proxy that writes only one of the two headers passes the other on as the
    client has made it up.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        """Take the networks that proxies are in; without any, headers change nothing."""
        self._networks = networks

    def trusts(self, address: Address) -> bool:
        """Return whether the address is a trusted proxy's."""
        return any(address in network for network in self._networks)

    def resolve(self, scope: Scope) -> str | None:
        """Return the client's address, and set the scheme that it used; None where the peer has no address.

        The address is the rightmost in X-Forwarded-For that is not a trusted proxy's: each proxy appends the address
        that it was connected from, and what stands left of that is made up by anybody. A part that is no address ends
        the search, and the last known address counts.
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
    """Return the address of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; None for other text."""
    if len(text) > _LONGEST:
        return None
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or not _is_port(port):
            return None
    elif text.count(":") == 1:
        host, colon, port = text.partition(":")
        if not _is_port(colon + port):
            return None
    else:
        host = text
    try:
        address = ipaddress.ip_address(host.partition("%")[0])  # a zone says something on the proxy's host only
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())
