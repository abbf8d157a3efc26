"""Whose address counts: the peer's, or what configured proxies say of it."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_V6_PREFIX = 64


class TrustedProxies:
    """The networks whose `X-Forwarded-For` is believed; empty (the default): nobody's."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(text, strict=False) for text in networks
        )
        self._is_trusted = lru_cache(maxsize=4096)(self._contains)

    def client_address(self, peer: str, forwarded_for: bytes | None) -> str:
        """Return the address to count for: the right-most one that is not a trusted proxy's.

        What stands left of it was written by the caller and proves nothing. An IPv6 address counts as its /64
        network, since one caller holds all of it.
        """
        if forwarded_for and self._networks and self._is_trusted(peer):
            hops = forwarded_for.decode("latin-1").split(",")
            for hop in reversed(hops):
                address = hop.strip()
                if not _is_address(address):
                    break
                peer = address
                if not self._is_trusted(address):
                    break
        return _bucket(peer)

    def _contains(self, text: str) -> bool:
        if not _is_address(text):
            return False
        address = ipaddress.ip_address(text)
        return any(address in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _bucket(text: str) -> str:
    if ":" not in text:
        return text
    try:
        return str(ipaddress.IPv6Network((text, _V6_PREFIX), strict=False))
    except ValueError:
        return text
