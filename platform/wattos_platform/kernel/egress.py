"""Calls that leave the platform at somebody's request: only to public addresses, checked once and kept."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

Resolve = Callable[[str, int], Awaitable[list[str]]]

# Prefixes that carry an IPv4 address inside, through which a private network could be reached all the same.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")


class NotPublicError(Exception):
    """The name leads to an address inside: this machine, its network, its cloud's metadata."""


def is_public(address: str) -> bool:
    """Return whether `address` is one of the open internet, whatever IPv4 address may be wrapped in it."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)))
        if ip in _NAT64_LOCAL or ip in _IPV4_COMPATIBLE or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


async def public_addresses(
    host: str, port: int, resolve: Resolve, allowed: Callable[[str], bool] = is_public
) -> list[str]:
    """Return the addresses of `host` to connect to, and to no others afterwards.

    One address inside is enough to refuse the name (NotPublicError): a name that answers now this, now that
    is how a guard is tricked. OSError when the name does not resolve.
    """
    found = await resolve(host, port)
    if not found or not all(allowed(address) for address in found):
        raise NotPublicError(host)
    return found


async def system_addresses(host: str, port: int) -> list[str]:
    """Return what the system's resolver says; OSError when it knows no such name."""
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(answer[4][0]) for answer in answers]
