"""The policy server as a process: the application within Gunicorn (volumes 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...serving.bound_address import BoundAddress, address_text, bound_addresses, is_wildcard, report_lines
from ...serving.gunicorn_server import run_gunicorn
from ...serving.listen_address import ListenAddress, ListenOptions, check_listen_address
from ..volume_configuration import VolumeConfiguration
from .policy_application import create_policy_app
from .policy_service import policy_service

OPTIONS = ListenOptions("--listen", "--listen")

THREADS = 16
"""Requests that a worker answers at once."""

REQUEST_SECONDS = 30
"""Seconds after which a worker that does nothing any more is replaced."""

KEEP_ALIVE_SECONDS = 5
"""Seconds for which a connection is kept for a next request."""


def serve_policy(
    configuration: VolumeConfiguration, address: ListenAddress, workers: int, report: Callable[[Sequence[str]], None]
) -> None:
    """Serve until a signal ends the process.

    :param configuration: what the configuration says
    :param address: where to listen
    :param workers: number of processes
    :param report: takes the lines that say what is served
    :raises ConfigError: the configuration cannot be used
    :raises StartError: the address cannot be used
    """
    policy_service(configuration)  # errors are found here, once; each worker then makes its own connections
    check_listen_address(address, OPTIONS)

    def load() -> Any:
        service = policy_service(configuration)
        service.account.find()
        service.records.works()  # logs at the start that it does not
        return create_policy_app(service)

    def when_ready(arbiter: Any) -> None:
        report(_report(configuration, bound_addresses(arbiter)))

    options = {
        "workers": workers,
        "threads": THREADS,
        "timeout": REQUEST_SECONDS,
        "keepalive": KEEP_ALIVE_SECONDS,
        "proc_name": "glancesync-policy",
        "loglevel": "warning",
        "when_ready": when_ready,
    }
    run_gunicorn(load, address.for_gunicorn, options)


def wildcard_warning(configuration: VolumeConfiguration, address: ListenAddress) -> str:
    """A warning when the server answers to anybody who reaches this machine, "" when it does not.

    :param configuration: what the configuration says
    :param address: where it is to listen
    """
    if not is_wildcard(address.host) or configuration.settings.allowed_clients:
        return ""
    return (
        f"{address.for_gunicorn}: whoever reaches this machine may ask the policy server; name the hosts of cinder-api "
        "as allowed_clients in [volumes]"
    )


def _report(configuration: VolumeConfiguration, bound: Sequence[BoundAddress]) -> list[str]:
    settings = configuration.settings
    rows = [("Address", address_text(address, "v1/backup")) for address in bound]
    rows.append(("Clients", ", ".join(settings.allowed_clients) or "all that reach the address"))
    rows.append(("Account", settings.account_id or "looked up in Keystone; until it is known, no deletion is allowed"))
    return report_lines("policy server", rows)
