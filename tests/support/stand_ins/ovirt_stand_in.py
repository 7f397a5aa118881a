"""The REST API of an oVirt engine on loopback, over TLS; its XML is written and read by oVirt's own SDK.

So every document is one of the engine's published model.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ovirtsdk4.readers
import ovirtsdk4.writers  # noqa: F401 (both register themselves)
from ovirtsdk4 import types
from ovirtsdk4.reader import Reader
from ovirtsdk4.writer import Writer

from .ovirt_engine import EngineDisk, EngineEntry, EngineMachine, EngineSnapshot, OvirtEngine, Refused

API = "/ovirt-engine/api"
USER, PASSWORD = "admin@internal", "se cret&<ä>"
TOKEN = "token-of-the-engine"


class OvirtStandIn:
    """A server.

    :param address: of the API
    :param lines: method and path of the requests, in their order
    :param away: how many of the next requests get no answer
    :param garbage: whether answers are no XML
    :param version: of the engine
    """

    def __init__(self, engine: OvirtEngine, address: str) -> None:
        self.engine = engine
        self.address = address
        self.lines: list[str] = []
        self.away = 0
        self.garbage = False
        self.version = (4, 5)
        self.page = 100
        self.token = TOKEN
        """What a client has to send; another one when the session has expired."""
        self.lock = threading.RLock()

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any, str]:
        """Status, object and name of the root of a list."""
        words = path.split("/")[1:]
        handler = getattr(self, f"_{words[0] or 'api'}", None)
        if handler is None:
            raise Refused(404, f"no such path: {path}")
        return handler(method, words[1:], query, Reader.read(body) if body else None)

    def _api(self, method: str, words: list[str], query: dict[str, str], sent: Any) -> tuple[int, Any, str]:
        major, minor = self.version
        product = types.ProductInfo(name="oVirt Engine", version=types.Version(major=major, minor=minor))
        return 200, types.Api(product_info=product), ""

    def _storagedomains(self, method: str, words: list[str], query: dict[str, str], sent: Any) -> tuple[int, Any, str]:
        if not words:
            listed = [_domain(id, path) for id, path in self.engine.domains.items()]
            return 200, listed, "storage_domains"
        if words[1] == "updateovfstore":
            if words[0] not in self.engine.domains:
                raise Refused(404, "Entity not found")
            return 200, types.Action(status="complete"), "action"
        return 200, [_disk(disk) for disk in self.engine.stores.get(words[0], [])], "disks"

    def _events(self, method: str, words: list[str], query: dict[str, str], sent: Any) -> tuple[int, Any, str]:
        events = self.engine.events
        if method == "GET":
            listed = [_event(index, each) for index, each in enumerate(events, 1)][::-1]
            after = [each for each in listed if int(each.id) > int(query.get("from", 0))]
            return 200, after[: int(query.get("max", len(events)))], "events"
        made = self.engine.send(
            EngineEntry(
                sent.custom_id, sent.origin, sent.severity.value, sent.description,
                sent.cluster.id if sent.cluster else "", sent.storage_domain.id if sent.storage_domain else "",
            )
        )  # fmt: skip
        return 201, _event(len(events), made), ""

    def _vms(self, method: str, words: list[str], query: dict[str, str], sent: Any) -> tuple[int, Any, str]:
        with_disks = query.get("follow") == "disk_attachments.disk"
        if not words:
            page = re.search(r"page (\d+)", query.get("search", ""))
            size = min(self.page, int(query.get("max", self.page)))
            start = (int(page[1]) - 1) * size if page else 0
            machines = sorted(self.engine.machines.values(), key=lambda each: each.name)[start : start + size]
            return 200, [_vm(each, with_disks) for each in machines], "vms"
        machine = self.engine.machine(words[0])
        if len(words) == 1:
            return 200, _vm(machine, with_disks), ""
        if words[1] in ("freezefilesystems", "thawfilesystems"):
            {"f": self.engine.freeze, "t": self.engine.thaw}[words[1][0]](machine)
            return 200, types.Action(status="complete"), "action"
        return self._snapshots(machine, method, words[2:], query, sent)

    def _snapshots(
        self, machine: EngineMachine, method: str, words: list[str], query: dict[str, str], sent: Any
    ) -> tuple[int, Any, str]:
        with_disks = query.get("follow") == "disks"
        if words:
            snapshot = self.engine.snapshot(machine, words[0])
            if method == "DELETE":
                self.engine.remove_snapshot(machine, snapshot)
                return 200, types.Action(status="complete"), "action"
            return 200, _snapshot(snapshot, with_disks), ""
        if method == "GET":
            active = types.Snapshot(
                id="active", description="Active VM", snapshot_type=types.SnapshotType.ACTIVE,
                snapshot_status=types.SnapshotStatus.OK,
                disks=[types.Disk(id=disk.id, image_id=disk.chain[0]) for disk in machine.disks if disk.chain],
            )  # fmt: skip
            listed = [self.engine.snapshot(machine, id) for id in list(machine.snapshots)]
            # The order of the answer says nothing.
            return 200, [active, *(_snapshot(each, with_disks) for each in listed)], "snapshots"
        if sent.persist_memorystate is not False:
            raise Refused(400, "the snapshot would hold the memory")
        wanted = {each.disk.id: each.disk.image_id for each in sent.disk_attachments}
        return 202, _snapshot(self.engine.add_snapshot(machine, sent.description, wanted), False), ""


def _vm(machine: EngineMachine, with_disks: bool) -> Any:
    attachments = [
        types.DiskAttachment(id=disk.id, active=disk.active, read_only=disk.read_only, disk=_disk(disk))
        for disk in machine.disks
    ]
    return types.Vm(
        id=machine.id, name=machine.name, status=types.VmStatus(machine.status), origin=machine.origin,
        cluster=types.Cluster(id=machine.cluster), disk_attachments=attachments if with_disks else None,
    )  # fmt: skip


def _disk(disk: EngineDisk) -> Any:
    return types.Disk(
        id=disk.id, alias=f"disk of {disk.id[:8]}", image_id=disk.chain[0] if disk.chain else None,
        status=types.DiskStatus(disk.status) if disk.storage == "image" else None, shareable=disk.shareable,
        storage_type=types.DiskStorageType(disk.storage), content_type=types.DiskContentType(disk.content),
        storage_domains=[types.StorageDomain(id=disk.domain)] if disk.domain else None,
    )  # fmt: skip


def _snapshot(snapshot: EngineSnapshot, with_disks: bool) -> Any:
    return types.Snapshot(
        id=snapshot.id, description=snapshot.description, date=snapshot.date,
        snapshot_type=types.SnapshotType.REGULAR,
        snapshot_status=types.SnapshotStatus.LOCKED if snapshot.busy else types.SnapshotStatus.OK,
        disks=[types.Disk(id=id, image_id=layer) for id, layer in snapshot.frozen.items()] if with_disks else None,
    )  # fmt: skip


def _event(index: int, entry: EngineEntry) -> Any:
    return types.Event(
        id=str(index), custom_id=entry.custom_id, origin=entry.origin, description=entry.description, code=entry.code,
        severity=types.LogSeverity(entry.severity), vm=types.Vm(id=entry.machine) if entry.machine else None,
    )  # fmt: skip


def _domain(id: str, path: str) -> Any:
    kind, _, rest = path.partition(" ")
    return types.StorageDomain(id=id, storage=types.HostStorage(type=types.StorageType(kind), path=rest))


class _Handler(BaseHTTPRequestHandler):
    """Turns requests into calls of the stand-in."""

    protocol_version = "HTTP/1.1"
    stand_in: OvirtStandIn

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_PUT = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        with self.stand_in.lock:
            if "/sso/" in parts.path or "/services/" in parts.path:
                self._sign_in(body.decode())
                return
            self.stand_in.lines.append(f"{self.command} {parts.path.removeprefix(API)}")
            if self.stand_in.away:
                self.stand_in.away -= 1
                self.close_connection = True
                return
            if self.stand_in.garbage:
                self._write(200, "text/html", "<html>It works!</html>")
                return
            try:
                if self.headers.get("Authorization") != f"Bearer {self.stand_in.token}":
                    raise Refused(401, "the token is missing or has expired")
                path = parts.path.removeprefix(API).rstrip("/") or "/"
                status, found, root = self.stand_in.answer(self.command, path, query, body)
            except Refused as error:
                status, root = error.status, ""
                found = types.Fault(reason="Operation Failed", detail=f"[{error}]")
            self._write(status, "application/xml;charset=UTF-8", Writer.write(found, root=root or None))

    def _sign_in(self, body: str) -> None:
        form = {key: values[-1] for key, values in parse_qs(body).items()}
        if "/services/" in self.path:
            self._write(200, "application/json", "{}")
        elif (form.get("username"), form.get("password")) == (USER, PASSWORD):
            granted = {"access_token": self.stand_in.token, "token_type": "bearer"}
            self._write(200, "application/json", json.dumps(granted))
        else:
            text = f"Cannot authenticate user '{form.get('username')}': the password is wrong."
            self._write(401, "application/json", json.dumps({"error_code": "access_denied", "error": text}))

    def _write(self, status: int, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serve_ovirt(engine: OvirtEngine, certificate: Path) -> Iterator[OvirtStandIn]:
    """Serve an engine.

    :param certificate: file with a certificate for 127.0.0.1 and its key
    """
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    stand_in = OvirtStandIn(engine, f"https://127.0.0.1:{server.server_address[1]}{API}")
    handler.stand_in = stand_in  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
