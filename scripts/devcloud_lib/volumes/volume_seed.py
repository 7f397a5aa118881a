"""Fills the cloud with servers, volumes and the accounts of their owners, through the APIs, as their owners would."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from devcloud_lib import identity, image_files, topology
from devcloud_lib.ceph import ceph_cluster, ceph_programs
from devcloud_lib.ceph.ceph_cluster import CINDER, POOLS, CephCluster
from devcloud_lib.errors import CloudError
from devcloud_lib.http import Client, query
from devcloud_lib.state import Account, Cloud, new_account
from devcloud_lib.volumes.server_table import CEPH_BACKEND
from devcloud_lib.volumes.volume_clients import block_storage, compute
from devcloud_lib.waiting import wait_for

READY_SECONDS = 300.0

FLAVOR = {"id": "1", "name": "tiny", "ram": 64, "vcpus": 1, "disk": 1}
"""With a disk, for Nova refuses servers from images otherwise."""

QUOTAS_OF_VOLUMES = {"volumes": 1000, "snapshots": 1000, "backups": 10000, "gigabytes": 100000,
                     "backup_gigabytes": 100000, "per_volume_gigabytes": -1}
QUOTAS_OF_SERVERS = {"instances": 1000, "cores": 1000, "ram": 1000000}

GIB = 2**30
CHUNK_BYTES = image_files.MIB
CEPH_MEBIBYTES = 32


@dataclass(frozen=True)
class SeedServer:
    """A server that boots from its first volume.

    :param account: the owner, a key of `topology.SEED_ACCOUNTS`.
    :param volumes: the names of its volumes, each of 1 GiB with a few MiB of data.
    :param volume_type: of these, empty for the usual one.
    """

    name: str
    account: str
    volumes: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    volume_type: str = ""


SEED_SERVERS = (
    SeedServer("web", "demo", ("web-root", "web-data"), {"backup": "true"}),
    SeedServer("cache", "demo", ("cache-root",)),
    SeedServer("database", "other", ("database-root",), {"backup": "true"}),
)

CEPH_SERVERS = (
    SeedServer("shop", "demo", ("shop-root", "shop-data"), volume_type=CEPH_BACKEND),
    SeedServer("mail", "other", ("mail-root",), volume_type=CEPH_BACKEND),
)
"""Servers whose volumes are in Ceph, of a cloud that has it."""


def seed_volumes(cloud: Cloud, say: Callable[[str], None]) -> None:
    """Bring the seed's projects, servers and volumes to what they are to be; others are left alone.

    Running it twice is the same as running it once.

    :raises CloudError: the cloud has no volumes, is not up, or refuses something.
    """
    if not cloud.has_volumes:
        raise CloudError("this cloud has no volumes; add them with: scripts/devcloud up --with volumes")
    _ensure_accounts(cloud)
    servers = [*SEED_SERVERS]
    if ceph_cluster.exists(cloud.folder):
        _ensure_ceph_type(cloud)
        servers.extend(CEPH_SERVERS)
    for name in topology.SEED_ACCOUNTS:
        account = _account(cloud, name)
        _raise_quotas(cloud, account)
        say(f"Project {account.project} of the domain {account.domain}: member {account.user}")
        for server in servers:
            if server.account == name:
                say(f"  server {server.name}: {_ensure_server(cloud, account, server)}")
    backup = _account(cloud, topology.BACKUP_ACCOUNT)
    say(f"Account {backup.user}: admin in all projects of every domain; its password: "
        f"scripts/devcloud env --account {topology.BACKUP_ACCOUNT}")


def ensure_flavor(cloud: Cloud) -> None:
    """Have the flavor with which servers can be made.

    :raises CloudError: Nova does not answer, or refuses.
    """
    api = compute(cloud, _account(cloud, topology.BOOTSTRAP_ACCOUNT.user))
    if api.try_call("GET", f"/v2.1/flavors/{FLAVOR['id']}").status != 200:
        api.call("POST", "/v2.1/flavors", {"flavor": FLAVOR})


def _account(cloud: Cloud, name: str) -> Account:
    return cloud.accounts[topology.VOLUMES_KEYSTONE][name]


def _ensure_accounts(cloud: Cloud) -> None:
    keystone = cloud.services[topology.VOLUMES_KEYSTONE]
    accounts = cloud.accounts[keystone.name]
    api = identity.administrator(cloud, keystone)
    for name, spec in topology.SEED_ACCOUNTS.items():
        identity.ensure_account(api, accounts.setdefault(name, new_account(spec)))
    identity.ensure_inherited_role(api, accounts[topology.BACKUP_ACCOUNT])
    cloud.save()


def _raise_quotas(cloud: Cloud, account: Account) -> None:
    admin = _account(cloud, topology.BOOTSTRAP_ACCOUNT.user)
    path = f"/os-quota-sets/{account.project_id}"
    block_storage(cloud, admin).call("PUT", f"/v3/{admin.project_id}{path}", {"quota_set": QUOTAS_OF_VOLUMES})
    compute(cloud, admin).call("PUT", f"/v2.1{path}", {"quota_set": QUOTAS_OF_SERVERS})


def _ensure_server(cloud: Cloud, account: Account, wanted: SeedServer) -> str:
    """Have a server with its volumes and metadata.

    :returns: what it is, for people.
    """
    api = compute(cloud, account)
    volumes = {
        name: _ensure_volume(cloud, account, name, wanted.volume_type, bootable=name == wanted.volumes[0])
        for name in wanted.volumes
    }
    found = api.call("GET", query("/v2.1/servers", name=f"^{wanted.name}$")).json()["servers"]
    server_id = str(found[0]["id"]) if found else _make_server(api, wanted, list(volumes.values()))
    path = f"/v2.1/servers/{server_id}"
    _wait_for(lambda: api.call("GET", path).json()["server"], "ACTIVE", f"server {wanted.name}")
    api.call("PUT", f"{path}/metadata", {"metadata": dict(wanted.metadata)})
    attachments = api.call("GET", f"{path}/os-volume_attachments").json()["volumeAttachments"]
    for name, volume_id in volumes.items():
        if volume_id not in {each["volumeId"] for each in attachments}:
            api.call("POST", f"{path}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume_id}})
            _wait_for(partial(_volume, cloud, account, volume_id), "in-use", f"volume {name}")
    marks = ", ".join(f"{key}={value}" for key, value in wanted.metadata.items()) or "no metadata"
    return f"{server_id} ({marks}); volumes {', '.join(f'{name} {uuid}' for name, uuid in volumes.items())}"


def _make_server(api: Client, wanted: SeedServer, volume_ids: list[str]) -> str:
    devices = [
        {"boot_index": 0 if number == 0 else -1, "uuid": volume_id, "source_type": "volume",
         "destination_type": "volume"}
        for number, volume_id in enumerate(volume_ids)
    ]
    body = {"server": {"name": wanted.name, "flavorRef": FLAVOR["id"], "networks": "none",
                       "metadata": dict(wanted.metadata), "block_device_mapping_v2": devices}}
    return str(api.call("POST", "/v2.1/servers", body).json()["server"]["id"])


def _ensure_ceph_type(cloud: Cloud) -> None:
    """Have the type of volumes that are in Ceph."""
    admin = _account(cloud, topology.BOOTSTRAP_ACCOUNT.user)
    api, root = block_storage(cloud, admin), f"/v3/{admin.project_id}/types"
    if CEPH_BACKEND not in {each["name"] for each in api.call("GET", root).json()["volume_types"]}:
        specs = {"volume_backend_name": CEPH_BACKEND}
        api.call("POST", root, {"volume_type": {"name": CEPH_BACKEND, "extra_specs": specs}})


def _ensure_volume(cloud: Cloud, account: Account, name: str, volume_type: str, *, bootable: bool) -> str:
    api = block_storage(cloud, account)
    root = f"/v3/{account.project_id}/volumes"
    found = api.call("GET", query(root, name=name)).json()["volumes"]
    if found:
        return str(found[0]["id"])
    wanted = {"name": name, "size": 1} | ({"volume_type": volume_type} if volume_type else {})
    volume_id = str(api.call("POST", root, {"volume": wanted}).json()["volume"]["id"])
    _wait_for(partial(_volume, cloud, account, volume_id), "available", f"volume {name}")
    if volume_type == CEPH_BACKEND:
        _fill_image(ceph_cluster.load(cloud.folder), volume_id)
    else:
        _fill(cloud, volume_id)
    api.call("POST", f"{root}/{volume_id}/action", {"os-set_bootable": {"bootable": bootable}})
    return volume_id


def _fill(cloud: Cloud, volume_id: str) -> None:
    """Write a few MiB of data: at the beginning, in the middle and at the end, so that a restored file is as long."""
    with open(cloud.share / f"volume-{volume_id}", "r+b") as file:
        for at in (0, GIB // 2, GIB - CHUNK_BYTES):
            file.seek(at)
            file.write(image_files.raw(CHUNK_BYTES, f"{volume_id} {at}"))


def _fill_image(cluster: CephCluster, volume_id: str) -> None:
    """Write a few MiB of data into a volume that is in Ceph."""
    image = f"{POOLS[0]}/volume-{volume_id}"
    sizes = ("--io-type", "write", "--io-size", "1M", "--io-total", f"{CEPH_MEBIBYTES}M")
    ceph_programs.run(cluster, "rbd", "--id", CINDER, "bench", image, *sizes)


def _volume(cloud: Cloud, account: Account, volume_id: str) -> dict[str, Any]:
    path = f"/v3/{account.project_id}/volumes/{volume_id}"
    found: dict[str, Any] = block_storage(cloud, account).call("GET", path).json()["volume"]
    return found


def _wait_for(look: Callable[[], dict[str, Any]], status: str, what: str) -> None:
    """Wait for a status.

    :raises CloudError: another one comes, or none in time.
    """
    seen: list[str] = []

    def has_ended() -> bool:
        seen.append(str(look()["status"]))
        return seen[-1] == status or seen[-1].lower().startswith("error")

    begin = time.monotonic()
    wait_for(has_ended, READY_SECONDS)
    if seen[-1] != status:
        raise CloudError(f"{what} is {seen[-1]} after {time.monotonic() - begin:.0f} s, not {status}")
