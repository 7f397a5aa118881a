"""In short, whether virtual machines are backed up on real gluster and libvirt: a run that is killed, and recovered.

The other tests of them take longer, and are among those that take minutes.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fiwareglancesync.vms.planning.vm_result import Result
from tests.support.vm_demands import demand_backup, demand_merged, demand_named
from tests.support.vm_nodes import VmNodes, running_gluster

pytestmark = [pytest.mark.integration, pytest.mark.gluster]


def test_a_killed_backup_is_finished_by_a_recovery_and_the_guest_boots_from_it(root: Path, tmp_path: Path) -> None:
    nodes = VmNodes(running_gluster(root), tmp_path, "plain", "plain-copy")
    code, printed, held = nodes.back_up_watched(point="after check")
    assert code == -signal.SIGKILL, printed
    demand_named(nodes)
    code, printed = nodes.call("recover")
    assert code == 0, printed
    [journal] = nodes.journals()
    assert (journal.slave_text, journal.result) == (f"consistent as of {journal.run}", Result.SUCCESS.value)
    demand_backup(nodes, held)
    demand_merged(nodes)
    assert nodes.counts_after_boot(nodes.guests[0])
