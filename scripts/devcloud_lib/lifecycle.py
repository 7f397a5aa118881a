"""What can be done with a whole cloud, or with single servers of it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from workbench.progress import Say, progress

from devcloud_lib import identity, servers, state
from devcloud_lib.configuration import glancesync_config, split_option
from devcloud_lib.errors import CloudError
from devcloud_lib.install import install
from devcloud_lib.reset import remove_images
from devcloud_lib.state import Cloud, Service


@contextmanager
def exclusive(folder: Path, say: Say) -> Iterator[None]:
    """Let one command at a time change the cloud of `folder`, which is created when it is not there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / "lock", "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another command on the same development cloud …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def up(folder: Path, venv: Path, say: Say, regions: int = 0) -> Cloud:
    """Start whatever does not run yet; with nothing to do it does nothing.

    :param folder: the cloud's folder.
    :param venv: where the servers' software is, or is to be installed.
    :param say: takes a line of progress.
    :param regions: how many regions beside the master there are to be at least.
    :returns: the running cloud.
    :raises CloudError: something failed; what runs goes on running, and the next `up` tries the rest again.
    """
    software = install(venv, say)
    cloud = state.load(folder) if state.exists(folder) else state.new_cloud(folder, venv)
    cloud.venv = venv
    cloud.add_regions(regions)
    # Whatever the folder's surroundings ignore, nobody should commit a cloud.
    (folder / ".gitignore").write_text("*\n", encoding="ascii")
    for service in cloud.services.values():
        if service.is_running and service.prepared_with != software:
            servers.stop([service])
        if not service.is_running:
            servers.keep_or_choose_port(cloud, service)
    cloud.save()
    unprepared = [service for service in cloud.services.values() if service.prepared_with != software]
    if unprepared:
        with progress(f"Preparing {_names(unprepared)}", say), ThreadPoolExecutor() as pool:
            list(pool.map(lambda service: servers.prepare(cloud, service, software), unprepared))
    cloud.save()
    start(cloud, list(cloud.services), say)
    state.write_private(cloud.config_file, glancesync_config(cloud))
    return cloud


def start(cloud: Cloud, names: Sequence[str], say: Say) -> None:
    """Start the named servers that do not run, or not with their present configuration; wait until they work.

    :raises CloudError: one does not start.
    """
    waiting = [service for service in _services(cloud, names) if servers.needs_start(cloud, service)]
    if not waiting:
        _start(cloud, names, waiting, say)
        return
    with progress(f"Starting {_names(waiting)}", say) as note:
        _start(cloud, names, waiting, note)


def _start(cloud: Cloud, names: Sequence[str], waiting: Sequence[Service], note: Say) -> None:
    servers.stop(waiting)
    servers.demand_ports(waiting)
    log_starts = {}
    for service in waiting:
        log_starts[service.name] = servers.start(cloud, service)
        cloud.save()
    keystones = [service for service in _services(cloud, names) if service.is_keystone]
    servers.wait([service for service in waiting if service.is_keystone], log_starts, note)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda keystone: identity.ensure(cloud, keystone), keystones))
    cloud.save()
    servers.wait(waiting, log_starts, note)
    for glance in waiting:
        if not glance.is_keystone:
            identity.introduce(cloud, glance)


def stop(cloud: Cloud, names: Sequence[str]) -> None:
    """End the named servers; those that do not run are left alone."""
    servers.stop(_services(cloud, names))
    cloud.save()


def restart(cloud: Cloud, name: str, overrides: Mapping[str, str], say: Say) -> None:
    """End a server and start it with its standard configuration, changed by `overrides` alone.

    :param overrides: ``section.key`` -> value; they stay until the next `restart` or `reset`.
    :raises CloudError: no such server, a malformed option, or the server does not start like that.
    """
    service = _services(cloud, [name])[0]
    for option in overrides:
        split_option(option)
    servers.stop([service])
    service.overrides = dict(overrides)
    cloud.save()
    start(cloud, [name], say)


def reset(cloud: Cloud, say: Say) -> None:
    """Back to the cloud as it was after its first `up`: no images, no overrides, and all servers run if any does.

    :raises CloudError: a server does not start again.
    """
    is_up = any(service.is_running for service in cloud.services.values())
    changed = [service for service in cloud.services.values() if service.overrides]
    servers.stop(changed)
    for service in changed:
        service.overrides = {}
    cloud.save()
    for glance in cloud.glances():
        remove_images(glance)
    if is_up:
        start(cloud, list(cloud.services), say)


def down(cloud: Cloud) -> None:
    """End every server of the cloud."""
    stop(cloud, list(cloud.services))


def purge(cloud: Cloud, *, with_software: bool) -> None:
    """Remove what a cloud that is down has left behind.

    :param with_software: also the installed software, when it lies below the cloud's folder.
    """
    for service in cloud.services.values():
        shutil.rmtree(service.folder, ignore_errors=True)
    for path in (cloud.config_file, cloud.folder / state.STATE_FILE):
        path.unlink(missing_ok=True)
    if with_software and cloud.folder in cloud.venv.parents:
        shutil.rmtree(cloud.venv, ignore_errors=True)
        for suffix in (".lock", ".log"):
            cloud.venv.with_name(cloud.venv.name + suffix).unlink(missing_ok=True)


def _names(services: Sequence[Service]) -> str:
    return ", ".join(service.name for service in services)


def _services(cloud: Cloud, names: Sequence[str]) -> list[Service]:
    unknown = [name for name in names if name not in cloud.services]
    if unknown:
        raise CloudError(f"no server {', '.join(unknown)}; there are: {', '.join(cloud.services)}")
    return [cloud.services[name] for name in names]
