"""Whether the servers of the volumes work."""

from __future__ import annotations

import socket

from devcloud_lib.errors import CloudError
from devcloud_lib.http import Client
from devcloud_lib.ports import HOST
from devcloud_lib.state import Cloud, Service
from devcloud_lib.volumes import amqp, mariadb_server
from devcloud_lib.volumes.server_table import SERVERS
from devcloud_lib.volumes.volume_config import QUEUE_USER

TIMEOUT_SECONDS = 10.0
GOOD = (200, 300)
"""Cinder answers 300 to who asks for its versions."""


def answers(cloud: Cloud, service: Service) -> bool:
    """Whether a server does its work; one without a port does when it takes messages from its queue."""
    spec = SERVERS[service.name]
    if spec.health_path:
        return _answers_http(service)
    if spec.scheme == "mysql":
        return mariadb_server.is_ready(service.port)
    if spec.scheme == "amqp":
        return amqp.is_ready(service.port)
    if spec.has_port:
        return _accepts(service.port)
    return amqp.consumers(cloud.services["rabbitmq"].port, QUEUE_USER, cloud.queue_password, spec.queue) > 0


def _answers_http(service: Service) -> bool:
    try:
        return Client(service.port).try_call("GET", service.health_path, timeout=TIMEOUT_SECONDS).status in GOOD
    except CloudError:
        return False


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True
