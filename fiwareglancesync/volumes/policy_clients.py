"""Pure: which clients may ask the policy server (volumes 5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AllowedClients:
    """The addresses of clients that may ask; none means all.

    :param texts: addresses and networks, such as ``192.0.2.7`` and ``2001:db8::/64``
    :raises ValueError: one of them is neither; the error is its text
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._networks = [_network(text) for text in texts]

    def allows(self, address: str) -> bool:
        """Whether a client may ask.

        :param address: of the connection itself, "" for that of a unix socket, whose folder says who may use it
        """
        if not self._networks or not address:
            return True
        try:
            found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped  # a socket for both versions shows an IPv4 address so
        return any(found in network for network in self._networks)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(text) from error
