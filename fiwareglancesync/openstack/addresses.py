"""Addresses of services: the part that may be shown, and the form in which they are compared."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from ..base.text import one_line

_LOOPBACK = "127.0.0.1"


def url_without_secrets(url: str) -> str:
    """An address without user, password and query, which may be secret."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return one_line(urlunsplit((parts.scheme, host, parts.path, "", "")))
    except ValueError:
        return "an address that cannot be parsed"


def normalised(url: str) -> str:
    """Normalise the address of an endpoint: without version, user, default port and slashes at the end.

    :param url: as a catalog writes it
    :return: the address before paths such as ``/v2/images``
    :raises ValueError: it is not valid
    """
    parts = urlsplit(url.strip())
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError("no http or https address")
    scheme = parts.scheme.lower()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[scheme]
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    segments = [segment for segment in parts.path.split("/") if segment]
    while segments and segments[-1].lower().rstrip("0123456789.") == "v" and len(segments[-1]) > 1:
        segments.pop()
    path = "".join(f"/{segment}" for segment in segments)
    return urlunsplit((scheme, host + port, path, "", ""))


@lru_cache(maxsize=4096)
def comparable(url: str) -> str:
    """The form in which addresses are compared: as :func:`normalised`, and each host has one spelling.

    :param url: address of a service, as a catalog or a user writes it
    :raises ValueError: it is not valid
    """
    parts = urlsplit(normalised(url))
    host = _canonical_host(parts.hostname or "")
    port = f":{parts.port}" if parts.port is not None else ""
    return urlunsplit((parts.scheme, (f"[{host}]" if ":" in host else host) + port, parts.path, "", ""))


def _canonical_host(host: str) -> str:
    """A host without a dot at its end, IP addresses in their usual form, every loopback name as 127.0.0.1."""
    host = host.rstrip(".")
    if host == "localhost":
        return _LOOPBACK
    if ":" not in host and not host[-1:].isdigit():
        return host
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(number, ipaddress.IPv6Address):
        if number.is_loopback:
            return _LOOPBACK
        number = number.ipv4_mapped or number
    return str(number)
