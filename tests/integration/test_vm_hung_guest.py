"""A hypervisor that hangs at its snapshot, on real libvirt: the other guests are backed up, and it is merged later."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from devcloud_lib.gluster import node_commands
from devcloud_lib.gluster.gluster_world import MASTER
from devcloud_lib.gluster.guest_seed import Guest
from devcloud_lib.waiting import wait_for

from fiwareglancesync.vms.planning.vm_result import Result
from tests.support.vm_demands import demand_backup, demand_merged
from tests.support.vm_nodes import VmNodes, children_in_node, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster, pytest.mark.slow]

SHORT = {"snapshot": {"wait_timeout": "20", "merge_timeout": "20"}}
SECONDS = 300.0
LIBVIRT = "/run/libvirtd.pid"


@pytest.fixture
def nodes(root: Path, tmp_path: Path) -> VmNodes:
    """The two nodes of the development cloud; a run waits for no guest for long."""
    return VmNodes(running_gluster(root), tmp_path, settings=SHORT)


@pytest.fixture
def hung(nodes: VmNodes) -> Iterator[Guest]:
    """A guest whose hypervisor a test stops; in the end all that was late is merged."""
    guest = nodes.guests[1]
    yield guest
    send(nodes, guest, signal.SIGCONT)
    assert wait_for(lambda: nodes.call("recover")[0] == 0 and len(nodes.chain(guest)) == 1, SECONDS)


def send(nodes: VmNodes, guest: Guest, number: signal.Signals) -> None:
    """Send a signal to the hypervisor of a guest."""
    send_to(nodes, f"/run/libvirt/qemu/{guest.name}.pid", number)


def send_to(nodes: VmNodes, file: str, number: signal.Signals) -> None:
    """Send a signal to the process whose number is in a file on the master."""
    pid = node_commands.run(nodes.world, MASTER, "cat", file).strip()
    node_commands.run(nodes.world, MASTER, "kill", f"-{number.value}", pid)


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def starter(nodes: VmNodes) -> int:
    """The pid of the nsenter that has started libvirt, and stops with it."""
    words = [os.fsencode(word) for word in node_commands.entered(nodes.world, MASTER, ["libvirtd"])]
    running = (path for path in Path("/proc").iterdir() if path.name.isdecimal())
    [found] = [int(each.name) for each in running if command_of(each)[: len(words)] == words]
    return found


def command_of(process: Path) -> list[bytes]:
    """The words of a process; none when it has ended.

    :param process: its folder
    """
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def go_on(process: subprocess.Popen[str]) -> None:
    """Let a run go on that has stopped; nsenter has stopped with it."""
    for pid in (process.pid, *children_in_node(process)):
        os.kill(pid, signal.SIGCONT)


def test_the_others_are_backed_up_and_the_late_snapshot_is_merged_by_the_next_run(nodes: VmNodes, hung: Guest) -> None:
    process = nodes.start(*nodes.backup_words(), point="before snapshot", sent="STOP")
    assert wait_for(lambda: any(map(is_stopped, children_in_node(process))), SECONDS)
    send(nodes, hung, signal.SIGSTOP)
    go_on(process)
    printed, _ = process.communicate(timeout=SECONDS * 2)
    assert process.returncode == 1, printed
    journal = nodes.journals()[-1]
    assert journal.result == Result.PARTIAL.value
    assert f"{hung.name}: libvirt has not made the snapshot within 20 s" in printed
    assert f"{hung.name}: libvirt still works on it, so its snapshot may be made yet" in printed
    assert {each.name for each in journal.machines if each.is_stripped} == {"web", "mail"}
    send(nodes, hung, signal.SIGCONT)
    assert wait_for(lambda: len(nodes.chain(hung)) == 2, SECONDS), "the late snapshot is not made"
    code, printed, held = nodes.back_up_watched()
    assert code == 0, printed
    demand_merged(nodes)
    demand_backup(nodes, held)


def test_a_guest_that_hangs_since_an_earlier_run_is_left_out_and_not_waited_for(nodes: VmNodes, hung: Guest) -> None:
    send(nodes, hung, signal.SIGSTOP)
    for reason in ("its snapshot failed, or was late", "a disk is locked"):
        code, printed = nodes.back_up()
        assert code == 1
        assert nodes.journals()[-1].result == Result.PARTIAL.value, printed
        assert f"NOT CONSISTENT on the slave: {hung.name} ({hung.id}): {reason}" in printed


def test_a_libvirt_that_hangs_itself_is_waited_for(nodes: VmNodes) -> None:
    process = nodes.start(*nodes.backup_words(), point="before bring_to_rest", sent="STOP")
    assert wait_for(lambda: any(map(is_stopped, children_in_node(process))), SECONDS)
    send_to(nodes, LIBVIRT, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as reader:
        try:
            go_on(process)
            waiting = reader.submit(next, (line for line in process.stdout or () if "is waited for" in line))
            assert "libvirt at qemu:///system has not answered within 1 min" in waiting.result(SECONDS)
        except BaseException:
            process.kill()  # whose output the reader waits for
            raise
        finally:
            send_to(nodes, LIBVIRT, signal.SIGCONT)
            os.kill(starter(nodes), signal.SIGCONT)
    printed, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, printed
    demand_merged(nodes)
