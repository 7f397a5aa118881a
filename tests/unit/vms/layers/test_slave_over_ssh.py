"""The command on the slave is always the same, whatever names there are (vms 2.5)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fiwareglancesync.vms.layers.slave_over_ssh import slave_over_ssh
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_errors import SlaveUnreachable

SSH = """
import json, os, sys
account, command = sys.argv[-2:]
with open(os.environ["SEEN"], "a") as file:
    file.write(json.dumps([account, command]) + "\\n")
os.execv("/bin/sh", ["sh", "-c", command])
"""
"""Does as ssh and the other machine do: the shell of the account gets the command as one text."""

GLUSTERFS = """#!/bin/sh
echo "no volume: $*" | sed 's, /.*,,'
exit 1
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose gluster mounts nothing, and the file with the commands that it was given."""
    program = tmp_path / "glusterfs"
    program.write_text(GLUSTERFS)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


def refused(volume: str) -> str:
    """Why a volume cannot be read."""
    with (
        pytest.raises(SlaveUnreachable) as refusal,
        slave_over_ssh("root@gs", SlaveAddress("gs", volume), [sys.executable, "-c", SSH]),
    ):
        pass
    return str(refusal.value)


def test_names_reach_gluster_as_they_are_and_the_command_stays_the_same(seen: Path) -> None:
    odd = """it's "odd" $(touch x) <b>"""
    for volume in ("copy", odd):
        reason = f"no volume: --volfile-server=gs --volfile-id={volume} --read-only"
        assert refused(volume) == f"root@gs: the volume {volume} of gs could not be mounted: {reason}"
    first, second = map(json.loads, seen.read_text().splitlines())
    assert first == second
    assert first[0] == "root@gs"
    # What a csh or a fish would take in another way than sh.
    assert not set(first[1]) & set("\n!\\`")
    assert first[1].count("'") == 2


def test_a_machine_without_python_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused("copy").startswith("root@gs does not answer by ssh: ")
