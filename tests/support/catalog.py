"""Changes the catalog of the development cloud for the time of a test, through Keystone's own API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from devcloud_lib.http import Client, query, sign_in

from .development_cloud import DevelopmentCloud


@contextmanager
def listed(
    cloud: DevelopmentCloud, region: str, interface: str, url: str, *, keystone: str = "keystone-a", kind: str = "image"
) -> Iterator[None]:
    """Have a service of a region listed under another address meanwhile.

    :param cloud: whose catalog it is
    :param interface: the endpoint that is changed: ``public``, ``internal`` or ``admin``
    :param url: its address
    :param kind: type of the service
    """
    port, admin = cloud.keystone(keystone)["port"], cloud.keystone(keystone)["accounts"]["admin"]
    token = sign_in(port, user=admin["user"], password=admin["password"], project=admin["project"])
    api = Client(port, token)
    (service,) = api.pages(query("/v3/services", type=kind), "services")
    path = query("/v3/endpoints", service_id=service["id"], region_id=region, interface=interface)
    (endpoint,) = api.pages(path, "endpoints")

    def change(address: str) -> None:
        api.call("PATCH", f"/v3/endpoints/{endpoint['id']}", {"endpoint": {"url": address}})

    change(url)
    try:
        yield
    finally:
        change(str(endpoint["url"]))
