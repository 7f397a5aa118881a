"""Ports of the development cloud: no other process chooses one that was chosen, and a server can listen there."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from devcloud_lib import ports
from devcloud_lib.errors import CloudError

ELSEWHERE = """
import sys
from devcloud_lib import ports
ports.CANDIDATES = range(int(sys.argv[1]), int(sys.argv[1]) + 1)
print(ports.choose(()))
"""
"""Another process that chooses a port where there is only one."""


def elsewhere(root: Path, port: int) -> str:
    """What another process says that can choose this port alone."""
    command = [sys.executable, "-c", ELSEWHERE, str(port)]
    done = subprocess.run(command, cwd=root / "scripts", capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.splitlines()[-1]


def test_a_chosen_port_is_not_chosen_again_while_the_process_lives_that_has_it(root: Path) -> None:
    port = ports.choose(())
    assert "no free port" in elsewhere(root, port)


def test_a_port_is_free_again_when_the_process_has_ended(root: Path) -> None:
    port = ports.choose(())
    ports._held.pop().close()
    assert elsewhere(root, port) == str(port)
    assert elsewhere(root, port) == str(port)


def test_a_server_can_listen_at_a_chosen_port() -> None:
    with socket.create_server((ports.HOST, ports.choose(()))) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_port_where_a_server_listens_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(ports, "CANDIDATES", range(port, port + 1))
        with pytest.raises(CloudError, match="no free port"):
            ports.choose(())
