"""How a server that is not one of OpenStack's is."""

from __future__ import annotations

from dataclasses import dataclass

from devcloud_lib.servers import Health


@dataclass(frozen=True)
class DaemonRow:
    """How such a server is.

    :param address: "" for one that has none of interest
    """

    name: str
    health: Health
    pid: int | None
    address: str
