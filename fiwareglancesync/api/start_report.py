"""What the server prints when it serves: its addresses, its federation, and who may ask it (sync 5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..images.places.factory import EMBEDDED
from ..images.settings import Settings
from ..openstack.addresses import url_without_secrets
from ..serving.bound_address import BoundAddress, address_text, is_wildcard, loopback_of, report_lines, url_of
from .server_settings import ServerSettings

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
    rows = [("Address", address_text(address)) for address in bound]
    if server.public_url:
        rows.append(("Public address", server.public_url))
        rows.append(("Documentation", server.public_url + DOCUMENT))
    else:
        rows += [("Documentation", _document(address)) for address in bound[:1]]
    rows.append(("Federation", _federation(synchronisation, environ)))
    rows.append(("Authentication", _authentication(server)))
    return report_lines(kind, rows)


def _document(bound: BoundAddress) -> str:
    if isinstance(bound, str):
        return f"/{DOCUMENT} there"
    host, port = bound
    return url_of(loopback_of(host) if is_wildcard(host) else host, port) + DOCUMENT


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
