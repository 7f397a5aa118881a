"""What is known about one development cloud, kept in ``devcloud.json`` in its folder.

The file is also what tests read: it names every server, folder, account and password of the cloud.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devcloud_lib import topology
from devcloud_lib.errors import CloudError
from devcloud_lib.ports import HOST
from devcloud_lib.processes import Process
from devcloud_lib.volumes import server_table

FORMAT_VERSION = 1
STATE_FILE = "devcloud.json"
CONFIG_FILE = "glancesync.conf"


@dataclass
class Account:
    """A user on one Keystone. The ids are known once the identity has been set up."""

    user: str
    password: str = field(repr=False)
    project: str
    role: str  # in the project; empty for an account whose roles there are inherited
    user_id: str = ""
    project_id: str = ""
    domain: str = topology.DEFAULT_DOMAIN  # the name of the domain of the user and of the project
    service_role: bool = False  # whether it has the role `service` in the project, too


@dataclass
class Service:
    """One server: a Keystone, the Glance of a region, which has the region's name, or a server of the volumes."""

    name: str
    folder: Path
    port: int = 0
    second_port: int = 0  # where RabbitMQ listens to its own tools
    process: Process | None = None
    started_with: str = ""  # fingerprint of the configuration that the process runs with
    prepared_with: str = ""  # fingerprint of the software that made its database
    overrides: dict[str, str] = field(default_factory=dict)  # section.key -> value, set by `restart --set`
    processes: int = 1  # of an API of the volumes, set by `restart --processes`
    policy: str = ""  # text of the policy file of an API of the volumes, set by `restart --policy`

    @property
    def is_keystone(self) -> bool:
        return self.name in topology.REGIONS_OF_KEYSTONE

    @property
    def is_glance(self) -> bool:
        return not self.is_keystone and not self.is_of_volumes

    @property
    def is_of_volumes(self) -> bool:
        """Whether it is there for the volumes alone (`up --with volumes`)."""
        return self.name in server_table.SERVERS

    @property
    def has_port(self) -> bool:
        return not self.is_of_volumes or server_table.SERVERS[self.name].has_port

    @property
    def needs(self) -> tuple[str, ...]:
        """The servers that have to be ready before it starts."""
        return server_table.SERVERS[self.name].needs if self.is_of_volumes else ()

    @property
    def takes_overrides(self) -> bool:
        return self.name not in server_table.WITHOUT_OPTIONS

    @property
    def is_api_of_volumes(self) -> bool:
        return self.name in server_table.APIS

    @property
    def is_changed(self) -> bool:
        """Whether `restart` has given it another configuration than the standard one."""
        return bool(self.overrides or self.policy) or self.processes != 1

    def use_standard(self) -> None:
        """Take back what `restart` has changed; a running server keeps it until it is started anew."""
        self.overrides, self.policy, self.processes = {}, "", 1

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return self.process.pid if self.process and self.is_running else None

    @property
    def url(self) -> str:
        """What the catalog says: Keystone's with its version, Glance's without; empty without a port."""
        if self.is_of_volumes:
            spec = server_table.SERVERS[self.name]
            return f"{spec.scheme}://{HOST}:{self.port}{spec.url_path}" if spec.has_port else ""
        return f"http://{HOST}:{self.port}" + ("/v3" if self.is_keystone else "")

    @property
    def health_path(self) -> str:
        """A path that answers 200 to anybody as soon as the server works; empty for one that does not speak HTTP."""
        if self.is_of_volumes:
            return server_table.SERVERS[self.name].health_path
        return "/v3" if self.is_keystone else "/healthcheck"

    @property
    def conf_dir(self) -> Path:
        return self.folder / "conf"

    @property
    def database(self) -> Path:
        return self.folder / "database.sqlite"

    @property
    def log(self) -> Path:
        """Everything that the server says; a line a request: ``request METHOD URI STATUS at TIME, N ms``."""
        return self.folder / "server.log"

    @property
    def stores(self) -> dict[str, Path]:
        """The folders where a Glance keeps its images' bytes, by store; a file's name is the image's UUID."""
        names = topology.stores_of(self.name) if self.is_glance else ()
        return {name: self.folder / "stores" / name for name in names}

    @property
    def scratch(self) -> dict[str, Path]:
        """Folders for unfinished things: Glance's staging and task areas, and temporary files."""
        return {name: self.folder / name for name in ("staging", "tasks", "tmp")}


@dataclass
class Cloud:
    """A whole development cloud below `folder`."""

    folder: Path
    venv: Path
    services: dict[str, Service]
    accounts: dict[str, dict[str, Account]]  # Keystone's name -> account's name -> account
    application_credentials: dict[str, dict[str, str]]  # Keystone's name -> id, name and secret
    identities: dict[str, str]  # Keystone's name -> fingerprint of the users and endpoints it was given
    database_password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    queue_password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def config_file(self) -> Path:
        """The configuration of GlanceSync for this cloud."""
        return self.folder / CONFIG_FILE

    @property
    def has_volumes(self) -> bool:
        return bool(self.volume_servers())

    @property
    def volumes_venv(self) -> Path:
        """The virtual environment of the servers of the volumes."""
        return self.venv.with_name(self.venv.name + "-volumes")

    @property
    def share(self) -> Path:
        """Where the content of the volumes is: a sparse file each, ``volume-UUID``."""
        return self.folder / "volumes" / "mounts" / server_table.SHARE_HASH

    @property
    def backups(self) -> Path:
        """Where the content of the backups is."""
        return self.folder / "volumes" / "backups"

    def keystones(self) -> list[Service]:
        return [service for service in self.services.values() if service.is_keystone]

    def glances(self) -> list[Service]:
        return [service for service in self.services.values() if service.is_glance]

    def volume_servers(self) -> list[Service]:
        """The servers of the volumes, in the order in which they start; none in a cloud without volumes."""
        return [service for service in self.services.values() if service.is_of_volumes]

    def keystone_of(self, region: str) -> Service:
        return self.services[topology.keystone_of(region)]

    def regions_of(self, keystone: str) -> list[str]:
        """The regions in a Keystone's catalog."""
        return [glance.name for glance in self.glances() if topology.keystone_of(glance.name) == keystone]

    def add_regions(self, number: int) -> None:
        """Have at least so many regions beside the master; those that are there stay.

        :raises CloudError: so many are not provided for.
        """
        further = number + 1 - len(topology.standard_regions())
        if further > len(topology.FURTHER_REGIONS):
            most = len(topology.standard_regions()) - 1 + len(topology.FURTHER_REGIONS)
            raise CloudError(f"{number} regions are too many; there can be {most} beside the master")
        for name in topology.service_names(max(0, further)):
            self.services.setdefault(name, Service(name, self.folder / name))

    def add_volumes(self) -> None:
        """Have the servers and the accounts of the volumes; those that are there stay."""
        for name in server_table.SERVERS:
            self.services.setdefault(name, Service(name, self.folder / name))
        for name, spec in topology.VOLUME_ACCOUNTS.items():
            self.accounts[topology.VOLUMES_KEYSTONE].setdefault(name, new_account(spec))

    def ports(self) -> set[int]:
        return {port for service in self.services.values() for port in (service.port, service.second_port)}

    def save(self) -> None:
        """Write the state in one step: a reader sees the old file or the new one."""
        path = self.folder / STATE_FILE
        write_private(path, json.dumps(_to_json(self), indent=2) + "\n")


def new_cloud(folder: Path, venv: Path) -> Cloud:
    """A cloud that exists on paper only, with fresh passwords."""
    accounts = {
        keystone: {name: new_account(spec) for name, spec in _all_accounts()}
        for keystone in topology.REGIONS_OF_KEYSTONE
    }
    return Cloud(folder, venv, _services(folder), accounts, {}, {})


def load(folder: Path) -> Cloud:
    """Read the cloud of `folder`.

    :raises CloudError: there is none, or it was made by another version or for another folder.
    """
    path = folder / STATE_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CloudError(f"no development cloud in {folder}; start one with: scripts/devcloud up") from error
    except (OSError, ValueError) as error:
        raise CloudError(f"cannot read {path}: {error}") from error
    if data.get("version") != FORMAT_VERSION:
        raise CloudError(f"{path} was written by another version; remove the folder and start anew")
    if data["folder"] != str(folder):
        raise CloudError(f"{path} belongs to {data['folder']}; a cloud cannot be moved, start anew elsewhere")
    return _from_json(data)


def exists(folder: Path) -> bool:
    """Whether `folder` holds a cloud, running or not."""
    return (folder / STATE_FILE).exists()


def write_private(path: Path, text: str) -> None:
    """Write a text file that only its owner may read, in one step."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def _services(folder: Path) -> dict[str, Service]:
    return {name: Service(name, folder / name) for name in topology.service_names()}


def _all_accounts() -> Iterator[tuple[str, topology.AccountSpec]]:
    yield topology.BOOTSTRAP_ACCOUNT.user, topology.BOOTSTRAP_ACCOUNT
    yield from topology.ACCOUNTS.items()


def new_account(spec: topology.AccountSpec) -> Account:
    """An account on paper, with a fresh password."""
    return Account(
        spec.user, secrets.token_hex(16), spec.project, spec.role, domain=spec.domain, service_role=spec.service_role
    )


def _to_json(cloud: Cloud) -> dict[str, Any]:
    return {
        "version": FORMAT_VERSION,
        "folder": str(cloud.folder),
        "venv": str(cloud.venv),
        "config": str(cloud.config_file),
        "keystones": {
            service.name: _service_json(service)
            | {
                "regions": cloud.regions_of(service.name),
                "accounts": {
                    name: dataclasses.asdict(account) for name, account in cloud.accounts[service.name].items()
                },
                "application_credential": cloud.application_credentials.get(service.name),
                "identity": cloud.identities.get(service.name, ""),
            }
            for service in cloud.keystones()
        },
        "regions": {
            service.name: _service_json(service)
            | {
                "keystone": cloud.keystone_of(service.name).name,
                "store": str(service.stores["local"]),
                "stores": {name: str(path) for name, path in service.stores.items()},
            }
            for service in cloud.glances()
        },
        "volumes": {
            "database_password": cloud.database_password,
            "queue_password": cloud.queue_password,
            "share": str(cloud.share),
            "servers": {service.name: _volume_server_json(service) for service in cloud.volume_servers()},
        },
    }


def _volume_server_json(service: Service) -> dict[str, Any]:
    return _service_json(service) | {
        "second_port": service.second_port, "processes": service.processes, "policy": service.policy,
    }


def _service_json(service: Service) -> dict[str, Any]:
    return {
        "url": service.url,
        "port": service.port,
        "pid": service.pid,
        "process": dataclasses.asdict(service.process) if service.process else None,
        "conf_dir": str(service.conf_dir),
        "database": str(service.database),
        "log": str(service.log),
        "overrides": service.overrides,
        "started_with": service.started_with,
        "prepared_with": service.prepared_with,
    }


def _from_json(data: dict[str, Any]) -> Cloud:
    folder = Path(data["folder"])
    services = _services(folder)
    volumes = data.get("volumes", {"servers": {}})  # a cloud of an older version has none
    for name, values in (data["keystones"] | data["regions"] | volumes["servers"]).items():
        service = services.setdefault(name, Service(name, folder / name))
        service.port = values["port"]
        service.process = Process(**values["process"]) if values["process"] else None
        service.started_with = values["started_with"]
        service.prepared_with = values["prepared_with"]
        service.overrides = values["overrides"]
        service.second_port = values.get("second_port", 0)
        service.processes = values.get("processes", 1)
        service.policy = values.get("policy", "")
    keystones = data["keystones"]
    passwords = {name: volumes[name] for name in ("database_password", "queue_password") if name in volumes}
    return Cloud(
        folder,
        Path(data["venv"]),
        services,
        {name: {key: Account(**account) for key, account in values["accounts"].items()}
         for name, values in keystones.items()},
        {name: values["application_credential"] for name, values in keystones.items()
         if values["application_credential"]},
        {name: values["identity"] for name, values in keystones.items() if values["identity"]},
        **passwords,
    )
