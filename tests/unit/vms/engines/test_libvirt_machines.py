"""What changes under the hands of a run at a libvirt (vms 2.7, 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from threading import Event, Thread, current_thread
from types import SimpleNamespace
from typing import Any

import pytest

from fiwareglancesync.vms.engines import libvirt_machines
from fiwareglancesync.vms.engines.domain_xml import VolumePlace
from fiwareglancesync.vms.engines.libvirt_machines import LibvirtMachines
from fiwareglancesync.vms.vm_errors import DiskNotFound, EngineUnreachable, MergeFailed, SnapshotRefused
from fiwareglancesync.vms.vm_model import DiskStatus, Layers
from fiwareglancesync.vms.vm_options import Quiesce
from tests.support.vm_builders import DOMAIN, id_of

NO_DOMAIN, INVALID_DOMAIN, OPERATION_INVALID = 42, 8, 55
FIRST, SECOND = (Layers(id_of(each, 2), id_of(each, 3), id_of(each, 4)) for each in (1, 2))
PLACE = VolumePlace("data", (PurePosixPath("/mnt"),))


class Refusal(Exception):
    def get_error_code(self) -> int:
        return OPERATION_INVALID


class Guest:
    """A virtual machine with two disks, whose overlays are merged at once.

    :param job: answers whether a job works on a disk
    """

    def __init__(self, job: Callable[[Guest], object] = lambda guest: {}) -> None:
        self.top = {each.disk: each.overlay for each in (FIRST, SECOND)}
        self.is_on = self.is_connected = True
        self.control = 0
        self.snapshot: Callable[[], object] = lambda: None
        self._job = job

    def name(self) -> str:
        return "web"

    def UUIDString(self) -> str:
        return id_of(1, 1)

    def state(self) -> list[int]:
        return [1, 0]

    def isActive(self) -> bool:
        return self.is_on

    def XMLDesc(self) -> str:
        disks = "".join(
            f"<disk type='file'><source file='/mnt/{DOMAIN}/images/{disk}/{top}'/><target dev='{disk}'/>"
            "<mirror ready='yes'/></disk>"
            for disk, top in self.top.items()
        )
        return f"<domain><devices>{disks}</devices></domain>"

    def blockJobInfo(self, target: str, flags: int) -> object:
        return self._job(self)

    def controlInfo(self) -> list[int]:
        return [self.control, 0, 0]

    def snapshotCreateXML(self, text: str, flags: int) -> None:
        self.snapshot()

    def blockCommit(self, *words: object) -> None:
        """A commit is at once ready."""

    def blockJobAbort(self, target: str, flags: int) -> None:
        self.top[target] = next(each.frozen for each in (FIRST, SECOND) if each.disk == target)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Callable[..., LibvirtMachines]:
    def connect(guest: Guest, wait_timeout: float = 10.0) -> LibvirtMachines:
        connection = SimpleNamespace(
            lookupByUUIDString=lambda id: guest, listAllDomains=lambda: [guest], isAlive=lambda: guest.is_connected
        )
        module: Any = SimpleNamespace(
            open=lambda uri: connection, registerErrorHandler=lambda handler, context: None, libvirtError=Refusal,
            VIR_ERR_NO_DOMAIN=NO_DOMAIN, VIR_ERR_INVALID_DOMAIN=INVALID_DOMAIN, VIR_DOMAIN_SHUTOFF=5,
            VIR_DOMAIN_CRASHED=6, VIR_DOMAIN_PAUSED=3, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE=4,
            VIR_DOMAIN_BLOCK_COMMIT_DELETE=2, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT=2, VIR_DOMAIN_CONTROL_OK=0,
            VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY=16, VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC=128,
            VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA=4, VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE=64,
            VIR_ERR_AGENT_UNRESPONSIVE=86, VIR_ERR_ARGUMENT_UNSUPPORTED=74, VIR_ERR_CONFIG_UNSUPPORTED=67,
            VIR_ERR_OPERATION_UNSUPPORTED=84, VIR_ERR_AGENT_UNSYNCED=OPERATION_INVALID,
        )  # fmt: skip
        monkeypatch.setattr(libvirt_machines, "load_libvirt", lambda: module)
        return LibvirtMachines("test:///default", PLACE, wait_timeout)

    return connect


def test_the_disks_beside_one_that_was_detached_are_merged(connected: Callable[..., LibvirtMachines]) -> None:
    guest = Guest()
    del guest.top[FIRST.disk]
    with pytest.raises(DiskNotFound, match=f"web has no disk {FIRST.disk}") as missing:
        connected(guest).merge(guest.UUIDString(), [FIRST, SECOND], 10)
    assert missing.value.disks == (FIRST.disk,)
    assert guest.top == {SECOND.disk: SECOND.frozen}


def test_a_guest_that_is_switched_off_while_it_is_listed_does_not_keep_others(
    connected: Callable[..., LibvirtMachines],
) -> None:
    def switched_off(guest: Guest) -> object:
        guest.is_on = False
        raise Refusal("domain is not running")

    [found] = connected(Guest(switched_off)).machines()
    assert {disk.status for disk in found.disks} == {DiskStatus.OK}


def test_a_disk_of_which_libvirt_cannot_say_what_works_on_it_is_locked(
    connected: Callable[..., LibvirtMachines],
) -> None:
    def hung(guest: Guest) -> object:
        raise Refusal("cannot acquire state change lock")

    [found] = connected(Guest(hung)).machines()
    assert {disk.status for disk in found.disks} == {DiskStatus.LOCKED}


def test_a_libvirt_that_was_restarted_does_not_answer_and_nothing_is_said_of_the_guest(
    connected: Callable[..., LibvirtMachines],
) -> None:
    def lost(guest: Guest) -> object:
        guest.is_connected = False
        raise Refusal("client socket is closed")

    guest = Guest(lost)
    with pytest.raises(EngineUnreachable, match="libvirt does not answer any more: client socket is closed"):
        connected(guest).merge(guest.UUIDString(), [FIRST], 10)


def test_a_libvirt_that_hangs_does_not_answer(
    connected: Callable[..., LibvirtMachines], monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, goes_on = Guest(), Event()
    libvirt = connected(guest)
    monkeypatch.setattr(libvirt_machines, "SERVER_SECONDS", 0.01)
    monkeypatch.setattr(guest, "XMLDesc", goes_on.wait)
    monkeypatch.setattr(guest, "state", goes_on.wait)
    try:
        with pytest.raises(EngineUnreachable, match="libvirt at test:///default has not answered within 0 s"):
            libvirt.machines()
    finally:
        goes_on.set()


class TestHungHypervisor:
    """A hypervisor that does not answer, as when its storage hangs."""

    @pytest.fixture
    def goes_on(self) -> Iterator[Event]:
        """Set when it answers again."""
        event = Event()
        yield event
        event.set()

    def test_a_snapshot_that_is_not_made_in_time_is_refused(
        self, connected: Callable[..., LibvirtMachines], goes_on: Event
    ) -> None:
        guest = Guest()
        guest.snapshot = goes_on.wait
        with pytest.raises(SnapshotRefused, match="web: libvirt has not made the snapshot within 0 s"):
            connected(guest, 0.01).snapshot(guest.UUIDString(), {FIRST.disk: "new"}, Quiesce.TRY, "run")

    def test_a_guest_that_is_not_frozen_in_time_gets_no_other_snapshot_later(
        self, connected: Callable[..., LibvirtMachines], goes_on: Event
    ) -> None:
        guest, calls = Guest(), list[Thread]()

        def frozen_too_late() -> None:
            calls.append(current_thread())
            goes_on.wait()
            raise Refusal("the agent does not answer")

        guest.snapshot = frozen_too_late
        with pytest.raises(SnapshotRefused, match="libvirt has not made the snapshot within 1 s"):
            connected(guest, 1.0).snapshot(guest.UUIDString(), {FIRST.disk: "new"}, Quiesce.TRY, "run")
        goes_on.set()
        [late] = calls
        late.join()
        assert len(calls) == 1

    def test_a_disk_of_which_it_does_not_say_what_works_on_it_is_locked(
        self, connected: Callable[..., LibvirtMachines], goes_on: Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(libvirt_machines, "QUERY_SECONDS", 0.01)
        [found] = connected(Guest(lambda guest: goes_on.wait())).machines()
        assert {disk.status for disk in found.disks} == {DiskStatus.LOCKED}

    def test_a_merge_that_it_does_not_begin_is_given_up(
        self, connected: Callable[..., LibvirtMachines], goes_on: Event
    ) -> None:
        guest = Guest(lambda guest: goes_on.wait())
        with pytest.raises(MergeFailed, match=f"the overlay {FIRST.overlay} is not merged in time"):
            connected(guest).merge(guest.UUIDString(), [FIRST], 0.01)

    def test_nothing_counts_as_merged_while_a_snapshot_may_still_be_made(
        self, connected: Callable[..., LibvirtMachines]
    ) -> None:
        guest = Guest()
        guest.top[FIRST.disk], guest.control = FIRST.frozen, 2
        with pytest.raises(MergeFailed, match="libvirt still works on it, so its snapshot may be made yet"):
            connected(guest).merge(guest.UUIDString(), [FIRST], 0.01)
        guest.control = 0
        connected(guest).merge(guest.UUIDString(), [FIRST], 0.01)
