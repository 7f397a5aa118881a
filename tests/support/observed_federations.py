"""The same images in an embedded federation and on the development cloud, seen without the program's help.

On the development cloud the observer is python-glanceclient; in the embedded federation it is a plain reading of
the place's own storage.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.backup_files import write_backup
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential

ROOT = Path(__file__).resolve().parents[2]
OURS, FOREIGN = "ours", "foreign"
ACCOUNTS = {OURS: "glancesync", FOREIGN: "foreign"}
MASTER = "Spain"
BLOCKS = 512
"""How often the hash of a short text is repeated to make small content of it."""


@dataclass(frozen=True)
class Given:
    """An image that is there before.

    :param label: what other images and properties call it by, as ``{label}``
    :param content: stands for its bytes
    :param blocks: how many times 32 bytes it has
    """

    label: str
    name: str
    content: str
    owner: str = OURS
    public: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    blocks: int = BLOCKS


@dataclass(frozen=True)
class Seen:
    """An image as the observer sees it; ``digest`` is the MD5 of its bytes, which were read."""

    id: str
    name: str
    status: str
    public: bool
    ours: bool
    digest: str | None
    properties: Mapping[str, str]


class ObservedFederation(Protocol):
    """A federation with a master, Spain, and the region Burgos."""

    def fill(self, region: str, images: Sequence[Given]) -> Mapping[str, str]:
        """Make a region hold exactly these images; label → UUID."""
        ...

    def seen(self, region: str) -> list[Seen]:
        """All images of a region."""
        ...

    def environment(self) -> dict[str, str]:
        """What the program needs to find the federation."""
        ...


def content_of(given: Given) -> bytes:
    """The bytes that a short text stands for."""
    return hashlib.sha256(given.content.encode()).digest() * given.blocks


def digest_of(content: str, blocks: int = BLOCKS) -> str:
    """The MD5 of the bytes that a short text stands for."""
    return hashlib.md5(hashlib.sha256(content.encode()).digest() * blocks).hexdigest()


def run_program(
    federation: ObservedFederation, arguments: Iterable[str], folder: Path, *script: str
) -> subprocess.CompletedProcess[str]:
    """Run the command, or another script of the tests that does, as a user would.

    :param script: path and first arguments of a script in place of ``sync.py``
    """
    command = [sys.executable, *(script or (str(ROOT / "fiwareglancesync" / "sync.py"),)), *arguments]
    base = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "GLANCESYNC_"))}
    return subprocess.run(
        command,
        cwd=folder,
        env={**base, **federation.environment()},
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        check=False,
    )


class ObservedEmbedded:
    """An embedded federation in a folder.

    :param folder: an empty folder
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images: dict[str, list[Image]] = {}
        self._settings = Settings(MASTER, {"master": Target("master", Credential(project_name=OURS))})
        self._configuration = folder / "glancesync.conf"
        self._configuration.write_text(f"[main]\nmaster_region = {MASTER}\n[master]\ntenant = {OURS}\n")

    def fill(self, region: str, images: Sequence[Given]) -> Mapping[str, str]:
        """Make a region hold exactly these images; all regions are loaded anew."""
        ids = {given.label: f"id-{region}-{given.label}" for given in images}
        self._images[region] = [
            Image(
                id=ids[given.label],
                name=given.name,
                region=region,
                owner=f"{given.owner}id",
                size=len(content_of(given)),
                checksum=digest_of(given.content, given.blocks),
                created_at=f"{number:06d}",
                visibility="public" if given.public else "private",
                disk_format="raw",
                container_format="bare",
                user_properties=_filled(given.properties, ids),
            )
            for number, given in enumerate(images)
        ]
        backup = self._folder / f"backup-{len(list(self._folder.iterdir()))}"
        for name, listed in self._images.items():
            write_backup(backup, name, listed)
        subprocess.run(
            [
                sys.executable,
                str(ROOT / "fiwareglancesync" / "glancesync_serverfacade_mock.py"),
                *("--path", str(self._folder / "federation"), "--confirm", str(backup)),
            ],
            check=True,
            capture_output=True,
        )
        return ids

    def seen(self, region: str) -> list[Seen]:
        """All images of a region."""
        federation = EmbeddedFederation(self._folder / "federation", self._settings)
        listing = federation.place(self._settings.master, region).listing()
        return [
            Seen(i.id, i.name, i.status, i.is_public, listing.owns(i), i.checksum, i.user_properties)
            for i in listing.images
        ]

    def environment(self) -> dict[str, str]:
        """What the program needs to find the federation."""
        return {
            "GLANCESYNC_MOCKPERSISTENT_PATH": str(self._folder / "federation"),
            "GLANCESYNC_CONFIG": str(self._configuration),
        }


class ObservedCloud:
    """The development cloud.

    :param description: its ``devcloud.json``
    :param folder: where to keep the configuration
    """

    def __init__(self, description: Path, folder: Path) -> None:
        self._cloud = json.loads(description.read_text())
        self._configuration = folder / "glancesync.conf"
        store = self._cloud["regions"][MASTER]["store"]
        self._configuration.write_text(f"[main]\nmaster_region = {MASTER}\nimages_dir = {store}\n")
        self._keystone = self._cloud["keystones"]["keystone-a"]
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, region: str, owner: str) -> Any:
        """A Glance client of one of the two projects."""
        from glanceclient import Client
        from keystoneauth1.identity import v3
        from keystoneauth1.session import Session

        if (region, owner) not in self._clients:
            account = self._account(owner)
            plugin = v3.Password(
                self._keystone["url"],
                username=account["user"],
                password=account["password"],
                project_name=account["project"],
                user_domain_name="Default",
                project_domain_name="Default",
            )
            self._clients[region, owner] = Client("2", session=Session(plugin), region_name=region)
        return self._clients[region, owner]

    def fill(self, region: str, images: Sequence[Given]) -> Mapping[str, str]:
        """Make a region hold exactly these images."""
        observer = self.client(region, OURS)
        shown, hidden = observer.images.list(), observer.images.list(filters={"os_hidden": True})
        for image in [*shown, *hidden]:
            if image.protected:
                observer.images.update(image.id, protected=False)
            observer.images.delete(image.id)
        ids: dict[str, str] = {}
        for given in images:
            client = self.client(region, given.owner)
            made = client.images.create(name=given.name, disk_format="raw", container_format="bare")
            ids[given.label] = made.id
            client.images.upload(made.id, io.BytesIO(content_of(given)))
        for given in images:
            client = self.client(region, given.owner)
            visibility = "public" if given.public else "private"
            client.images.update(ids[given.label], visibility=visibility, **_filled(given.properties, ids))
        return ids

    def seen(self, region: str) -> list[Seen]:
        """All images of a region, their bytes read."""
        client = self.client(region, OURS)
        project = self._account(OURS)["project_id"]
        return [
            Seen(
                image.id,
                image.name,
                image.status,
                image.visibility == "public",
                image.owner == project,
                hashlib.md5(b"".join(client.images.data(image.id))).hexdigest() if image.status == "active" else None,
                {key: str(value) for key, value in image.items()},
            )
            for image in client.images.list()
        ]

    def environment(self) -> dict[str, str]:
        """What the program needs to find the federation."""
        account = self._account(OURS)
        return {
            "OS_AUTH_URL": self._keystone["url"],
            "OS_USERNAME": account["user"],
            "OS_PASSWORD": account["password"],
            "OS_PROJECT_NAME": account["project"],
            "GLANCESYNC_CONFIG": str(self._configuration),
        }

    def _account(self, owner: str) -> Mapping[str, str]:
        account: Mapping[str, str] = self._keystone["accounts"][ACCOUNTS[owner]]
        return account


def _filled(properties: Mapping[str, str], ids: Mapping[str, str]) -> dict[str, str]:
    """Put UUIDs in the place of ``{label}``."""
    filled = {}
    for key, value in properties.items():
        for label, uuid in ids.items():
            value = value.replace(f"{{{label}}}", uuid)
        filled[key] = value
    return filled
