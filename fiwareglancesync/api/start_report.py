"""What the server prints when it serves: its addresses, its federation, and who may ask it (sync 5.4)."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Mapping, Sequence

from ..base.text import printable
from ..base.version import __version__
from ..images.places.factory import EMBEDDED
from ..images.settings import Settings
from ..openstack.addresses import url_without_secrets
from .server_settings import ServerSettings

BoundAddress = str | tuple[str, int]
"""The path of a unix socket, or an IP address or host name with a port."""

DOCUMENT = "docs"
"""The path of the page that describes the API."""


def start_report(
    kind: str,
    bound: Sequence[BoundAddress],
    server: ServerSettings,
    synchronisation: Settings,
    environ: Mapping[str, str],
) -> list[str]:
    """The lines of the report.

    :param kind: what serves
    :param bound: the addresses that the server is bound to
    :param server: its settings
    :param synchronisation: the settings of the synchronisation
    :param environ: the environment
    """
    rows = [("Address", _address(address)) for address in bound]
    if server.public_url:
        rows.append(("Public address", server.public_url))
        rows.append(("Documentation", server.public_url + DOCUMENT))
    else:
        rows += [("Documentation", _document(address)) for address in bound[:1]]
    rows.append(("Federation", _federation(synchronisation, environ)))
    rows.append(("Authentication", _authentication(server)))
    width = max(len(name) for name, _ in rows) + 1
    texts = [f"GlanceSync {__version__}, {kind}", *(f"  {name + ':':<{width}} {text}" for name, text in rows)]
    return list(map(printable, texts))


def _address(bound: BoundAddress) -> str:
    if isinstance(bound, str):
        return f"unix:{bound} (curl --unix-socket {shlex.quote(bound)} http://localhost/)"
    host, port = bound
    if not _is_wildcard(host):
        return _url(host, port)
    others = "address" if ":" in host else "IPv4 address"
    return f"{_url(_loopback_of(host), port)} and port {port} of every other {others} of this machine"


def _document(bound: BoundAddress) -> str:
    if isinstance(bound, str):
        return f"/{DOCUMENT} there"
    host, port = bound
    return _url(_loopback_of(host) if _is_wildcard(host) else host, port) + DOCUMENT


def _federation(synchronisation: Settings, environ: Mapping[str, str]) -> str:
    master = f"master region {synchronisation.master_region}"
    folder = environ.get(EMBEDDED)
    if folder:
        return f"the embedded one in {folder}, {master}; OpenStack is not contacted"
    return f"{master}, Keystone {url_without_secrets(synchronisation.master.credential.auth_url)}"


def _authentication(server: ServerSettings) -> str:
    if server.keystone is None:
        return "none, as there are no Keystone settings; only requests from this machine are answered"
    roles = " or ".join(server.keystone.roles)
    return f"tokens of Keystone {url_without_secrets(server.keystone.url)} with the role {roles}"


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _loopback_of(wildcard: str) -> str:
    return "::1" if ":" in wildcard else "127.0.0.1"
