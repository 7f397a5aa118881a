"""This machine and its processes."""

from __future__ import annotations

import ipaddress
import os
import socket
import uuid


def this_machine() -> str:
    """The host and its process namespace: within it, a process can be found by its number."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def this_boot() -> str:
    """The same, as long as the machine runs: no other one has it, even one with the same name."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = str(uuid.uuid4())  # then this is no machine that is known
    return f"{this_machine()} {boot}"


def is_running(pid: int) -> bool:
    """Whether there is a process of that number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone.

    :param host: a name or an address, without port
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
