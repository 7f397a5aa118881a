"""Cinder and Nova as somebody."""

from __future__ import annotations

from devcloud_lib import identity, topology
from devcloud_lib.http import Client
from devcloud_lib.state import Account, Cloud

COMPUTE_VERSION = "compute 2.90"
VOLUME_VERSION = "volume 3.70"


def compute(cloud: Cloud, account: Account, project_id: str = "") -> Client:
    """Nova; its paths begin with ``/v2.1``.

    :param project_id: the project that the account works in; empty means its own.
    :raises CloudError: Keystone refuses.
    """
    return Client(cloud.services["nova-api"].port, _token(cloud, account, project_id), COMPUTE_VERSION)


def block_storage(cloud: Cloud, account: Account, project_id: str = "") -> Client:
    """Cinder; its paths begin with ``/v3/PROJECT_ID``.

    :param project_id: the project that the account works in; empty means its own.
    :raises CloudError: Keystone refuses.
    """
    return Client(cloud.services["cinder-api"].port, _token(cloud, account, project_id), VOLUME_VERSION)


def _token(cloud: Cloud, account: Account, project_id: str) -> str:
    return identity.sign_in_as(cloud.services[topology.VOLUMES_KEYSTONE], account, project_id)
