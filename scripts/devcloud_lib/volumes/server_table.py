"""The servers of the volumes: names, what each of them needs, and where it is in the catalog."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HOST_NAME = "devcloud"
"""The host that Cinder and Nova name in their listings."""
BACKEND = "nfs"
CEPH_BACKEND = "ceph"
"""A further backend, when the cloud has a cluster of Ceph."""
SHARE = "127.0.0.1:/volumes"
"""The NFS share that the volume driver believes it has mounted."""
SHARE_HASH = hashlib.md5(SHARE.encode(), usedforsecurity=False).hexdigest()
"""The name of its mount point, as os-brick forms it."""


@dataclass(frozen=True)
class ServerSpec:
    """A server.

    :param needs: what has to be ready before it starts
    :param scheme: of its URL; empty for one that nothing connects to: it takes its work from RabbitMQ
    :param url_path: the path of its endpoint in the catalog
    :param health_path: a path that answers 200 to anybody; empty for one that does not speak HTTP
    :param queue: the queue of RabbitMQ that a server without a port takes its work from
    """

    needs: tuple[str, ...] = ()
    scheme: str = ""
    url_path: str = ""
    health_path: str = ""
    queue: str = ""

    @property
    def has_port(self) -> bool:
        return bool(self.scheme)


DATA = ("mariadb", "rabbitmq")
ALL = (*DATA, "placement", "keystone-a")
"""Nova's servers look for Placement in the catalog when they start."""

# In the order in which they start.
SERVERS: dict[str, ServerSpec] = {
    # The Erlang port mapper, which RabbitMQ would otherwise start as a daemon that outlives it.
    "epmd": ServerSpec((), "epmd"),
    "mariadb": ServerSpec((), "mysql"),
    # A stand-in for Neutron: Nova asks for the networks of servers that have none.
    "neutron": ServerSpec((), "http", "", "/"),
    "rabbitmq": ServerSpec(("epmd",), "amqp"),
    "placement": ServerSpec(("mariadb",), "http", "", "/"),
    "cinder-volume": ServerSpec(DATA, queue=f"cinder-volume.{HOST_NAME}@{BACKEND}"),
    "cinder-api": ServerSpec(DATA, "http", "/v3/%(project_id)s", "/healthcheck"),
    "cinder-scheduler": ServerSpec(DATA, queue="cinder-scheduler"),
    "cinder-backup": ServerSpec(DATA, queue=f"cinder-backup.{HOST_NAME}"),
    "nova-conductor": ServerSpec(ALL, queue="conductor"),
    "nova-compute": ServerSpec(ALL, queue=f"compute.{HOST_NAME}"),
    "nova-api": ServerSpec(ALL, "http", "/v2.1", "/"),
    "nova-scheduler": ServerSpec(ALL, queue="scheduler"),
}

APIS = ("cinder-api", "nova-api", "placement")
"""Those that run under uWSGI, whose number of processes and policy can be changed."""
WITHOUT_OPTIONS = ("epmd", "mariadb", "neutron", "rabbitmq")
"""Those that are no OpenStack servers."""

CATALOG: dict[str, str] = {
    "block-storage": "cinder-api",
    "volumev3": "cinder-api",
    "compute": "nova-api",
    "placement": "placement",
    "network": "neutron",
}
"""Types of service in the catalog -> the server."""
