"""The development cloud as the benchmarks need it: its environment, its images, what its servers were asked."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcloud_lib.http import PATCH_TYPE, Client, sign_in
from workbench.cloud import command, exported, without_cloud

from .measure import MIB, Failed

REQUEST = re.compile(r"^request (\S+) (\S+) (\d+) ", re.MULTILINE)
ACCOUNT = "glancesync"
MASTER = "Spain"
TARGETS = ("Burgos", "Caceres", "federation2:Madrid")
"""The regions of every development cloud, as the program names them."""

SMALL_BYTES = 4096
"""Bytes of one of many images with content."""


@dataclass(frozen=True)
class Region:
    """A region's Glance and the account that uses it."""

    name: str
    full: str
    url: str
    port: int
    log: Path
    database: Path
    store: Path
    keystone: str
    keystone_port: int
    user: str
    password: str
    project: str
    project_id: str

    def client(self) -> Client:
        """Talks to the region's Glance with a fresh token."""
        token = sign_in(self.keystone_port, user=self.user, password=self.password, project=self.project)
        return Client(self.port, token)


class Cloud:
    """A running development cloud.

    :param environ: the environment of the programs that are to use it
    :param described: what ``devcloud.json`` holds
    """

    def __init__(self, environ: Mapping[str, str], described: dict[str, Any]) -> None:
        self.environ = environ
        self._described = described

    @staticmethod
    def up(say: Callable[[str], None], regions: int = 0) -> Cloud:
        """Start the cloud when it is down, and empty it.

        :param regions: how many regions beside the master there are to be at least
        """
        environ = dict(os.environ)
        more = ["--regions", str(regions)] if regions else []
        for words in (["up", *more], ["reset"]):
            say(f"scripts/devcloud {' '.join(words)}")
            done = subprocess.run(command(*words), env=environ, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Failed(f"scripts/devcloud {words[0]}: {done.stderr.strip()[-800:]}")
        variables = exported(environ)
        described = json.loads((Path(variables["GLANCESYNC_CONFIG"]).parent / "devcloud.json").read_text("utf-8"))
        return Cloud({**without_cloud(environ), **variables, "no_proxy": "*", "NO_PROXY": "*"}, described)

    def region(self, full: str = MASTER) -> Region:
        """A region by its full name."""
        name = full.rpartition(":")[2]
        found = self._described["regions"][name]
        keystone = self._described["keystones"][found["keystone"]]
        account = keystone["accounts"][ACCOUNT]
        return Region(
            name, full, found["url"], found["port"], Path(found["log"]), Path(found["database"]),
            Path(found["store"]), keystone["url"], keystone["port"], account["user"], account["password"],
            account["project"], account["project_id"],
        )

    def keystone_logs(self) -> dict[str, Path]:
        """The logs of the Keystones."""
        return {name: Path(keystone["log"]) for name, keystone in self._described["keystones"].items()}

    def versions(self) -> dict[str, str]:
        """Versions of the servers' software."""
        venv = Path(self._described["venv"])
        words = [str(venv / "bin" / "python"), "-c",
                 "from importlib.metadata import version as v; print(v('keystone'), v('glance'), v('pyuwsgi'))"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        numbers = done.stdout.split() if done.returncode == 0 else []
        return dict(zip(("Keystone", "Glance", "uWSGI"), numbers, strict=False))

    def shell_of(self, region: Region) -> dict[str, str]:
        """The variables with which the reference commands reach a region."""
        return {
            **self.environ, "OS_AUTH_URL": region.keystone, "OS_USERNAME": region.user,
            "OS_PASSWORD": region.password, "OS_PROJECT_NAME": region.project, "OS_TENANT_NAME": region.project,
            "OS_REGION_NAME": region.name, "GLANCE": region.url, "PROJECT_ID": region.project_id,
        }


def remove_all(region: Region) -> None:
    """Remove all images of a region."""
    client = region.client()
    for image in list(client.pages("/v2/images?limit=1000", "images")):
        if image["protected"]:
            change = [{"op": "replace", "path": "/protected", "value": False}]
            client.call("PATCH", f"/v2/images/{image['id']}", change, content_type=PATCH_TYPE)
        client.call("DELETE", f"/v2/images/{image['id']}")


def add_random_image(region: Region, name: str, size: int, folder: Path) -> tuple[str, Path]:
    """Make an image of random bytes, public, raw.

    :param size: in bytes
    :param folder: for the file while it is sent
    :return: its UUID and the file in the region's store
    """
    client = region.client()
    document = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "public",
                "nid": str(size // MIB), "type": "benchmark"}
    image = str(client.call("POST", "/v2/images", document).json()["id"])
    source = folder / "random"
    with source.open("wb") as file:
        for begin in range(0, size, 16 * MIB):
            file.write(os.urandom(min(16 * MIB, size - begin)))
    done = subprocess.run(
        ["curl", "-sSf", "--noproxy", "*", "-H", f"X-Auth-Token: {client.token}",
         "-H", "Content-Type: application/octet-stream", "-T", str(source), f"{region.url}/v2/images/{image}/file"],
        capture_output=True, text=True, check=False,
    )
    source.unlink()
    if done.returncode != 0:
        raise Failed(f"the image {name} could not be made: {done.stderr.strip()}")
    return image, region.store / image


def add_many_images(regions: Sequence[Region], count: int) -> None:
    """Give regions the same small public images, straight into their databases: they are listed, never read.

    :param count: how many in each region
    """
    for region in regions:
        with closing(sqlite3.connect(region.database, timeout=60)) as connection, connection:
            for number in range(count):
                image = str(uuid.uuid4())
                hashes = f"{number:032x}", f"{number:0128x}"
                _insert_image(connection, region, image, number, 1000 + number, hashes, f"/nowhere/{image}")


def add_small_images(region: Region, count: int) -> list[str]:
    """Give a region small public images with random bytes, straight into its database and its store.

    :param count: how many
    :return: their UUIDs
    """
    made = []
    with closing(sqlite3.connect(region.database, timeout=60)) as connection, connection:
        for number in range(count):
            image, content = str(uuid.uuid4()), os.urandom(SMALL_BYTES)
            path = region.store / image
            path.write_bytes(content)
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            hashes = md5, hashlib.sha512(content).hexdigest()
            _insert_image(connection, region, image, number, SMALL_BYTES, hashes, str(path))
            made.append(image)
    return made


def _insert_image(
    connection: sqlite3.Connection, region: Region, image: str, number: int, size: int, hashes: tuple[str, str],
    path: str,
) -> None:
    """Add an image to the database of a Glance.

    :param hashes: its MD5 and its SHA-512
    :param path: the file of its content
    """
    stamp = "2026-01-01 00:00:00.000000"
    connection.execute(
        "INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,"
        " container_format, checksum, owner, min_disk, min_ram, protected, visibility, os_hidden,"
        " os_hash_algo, os_hash_value) VALUES (?, ?, ?, 'active', ?, ?, 0, 'qcow2', 'bare', ?, ?, 0, 0, 0,"
        " 'public', 0, 'sha512', ?)",
        (image, f"image-{number:05}", size, stamp, stamp, hashes[0], region.project_id, hashes[1]),
    )
    properties = {"nid": str(number), "type": "benchmark", "os_distro": "debian", "os_version": "12"}
    connection.executemany(
        "INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)"
        " VALUES (?, ?, ?, ?, ?, 0)",
        [(image, key, value, stamp, stamp) for key, value in properties.items()],
    )
    connection.execute(
        "INSERT INTO image_locations (image_id, value, created_at, updated_at, deleted, meta_data, status)"
        " VALUES (?, ?, ?, ?, 0, '{\"store\": \"local\"}', 'active')",
        (image, f"file://{path}", stamp, stamp),
    )


class Listener:
    """Reads what a server is asked from now on, in its log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._begin = log.stat().st_size

    def requests(self) -> Iterator[tuple[str, str, int]]:
        """Method, path and status of each request."""
        with self._log.open("rb") as file:
            file.seek(self._begin)
            text = file.read().decode("utf-8", "replace")
        for method, path, status in REQUEST.findall(text):
            yield method, path, int(status)
