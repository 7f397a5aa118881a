"""What can be done with a whole cloud, or with single servers of it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from workbench.progress import Say, progress

from devcloud_lib import identity, servers, state, topology
from devcloud_lib.configuration import glancesync_config, split_option
from devcloud_lib.errors import CloudError
from devcloud_lib.install import install
from devcloud_lib.reset import remove_images
from devcloud_lib.state import Cloud, Service
from devcloud_lib.volumes import runtime_folder, server_table, volume_launch
from devcloud_lib.volumes.volume_install import install_volumes
from devcloud_lib.volumes.volume_reset import remove_volumes
from devcloud_lib.volumes.volume_seed import ensure_flavor

MOST_NAMES = 6


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


def up(folder: Path, venv: Path, say: Say, regions: int = 0, *, with_volumes: bool = False) -> Cloud:
    """Start whatever does not run yet; with nothing to do it does nothing.

    :param folder: the cloud's folder.
    :param venv: where the servers' software is, or is to be installed.
    :param say: takes a line of progress.
    :param regions: how many regions beside the master there are to be at least.
    :param with_volumes: whether there are to be Cinder and Nova; a cloud that has them keeps them.
    :returns: the running cloud.
    :raises CloudError: something failed; what runs goes on running, and the next `up` tries the rest again.
    """
    software = install(venv, say)
    cloud = state.load(folder) if state.exists(folder) else state.new_cloud(folder, venv)
    cloud.venv = venv
    cloud.add_regions(regions)
    volumes_software = ""
    if with_volumes or cloud.has_volumes:
        volumes_software = install_volumes(cloud.volumes_venv, say)
        cloud.add_volumes()
    # Whatever the folder's surroundings ignore, nobody should commit a cloud.
    (folder / ".gitignore").write_text("*\n", encoding="ascii")
    _prepare(cloud, software, volumes_software, say)
    start(cloud, list(cloud.services), say)
    # Some may have been started by an `up` that has failed.
    servers.wait(cloud, cloud.volume_servers(), {}, lambda _: None)
    state.write_private(cloud.config_file, glancesync_config(cloud))
    return cloud


def _prepare(cloud: Cloud, software: str, volumes_software: str, say: Say) -> None:
    """Give ports, folders and empty databases to the servers that lack them.

    :param software: fingerprint of the software of Keystone and Glance.
    :param volumes_software: likewise, of the volumes.
    """
    unprepared = [service for service in _federation(cloud) if service.prepared_with != software]
    volumes_are_new = cloud.has_volumes and _must_prepare_volumes(cloud, volumes_software, unprepared)
    servers.stop([*unprepared, *(cloud.volume_servers() if volumes_are_new else [])])
    for service in cloud.services.values():
        if not service.is_running:
            servers.keep_or_choose_port(cloud, service)
    cloud.save()
    if unprepared:
        with progress(f"Preparing {_names(unprepared)}", say), ThreadPoolExecutor() as pool:
            list(pool.map(lambda service: servers.prepare(cloud, service, software), unprepared))
    if volumes_are_new:
        with progress("Preparing the databases of Cinder and Nova", say):
            volume_launch.prepare(cloud, volumes_software)
    cloud.save()


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
    log_starts: dict[str, int] = {}
    keystones = [service for service in _services(cloud, names) if service.is_keystone]
    for service in waiting:
        servers.wait(cloud, [needed for needed in waiting if needed.name in service.needs], log_starts, note)
        _ensure_identities(cloud, [keystone for keystone in keystones if keystone.name in service.needs])
        log_starts[service.name] = servers.start(cloud, service)
        cloud.save()
    servers.wait(cloud, [service for service in waiting if service.is_keystone], log_starts, note)
    _ensure_identities(cloud, keystones)
    servers.wait(cloud, waiting, log_starts, note)
    for service in waiting:
        if service.is_glance:
            identity.introduce(cloud, service)
        if service.name == "nova-api":
            ensure_flavor(cloud)


def _ensure_identities(cloud: Cloud, keystones: Sequence[Service]) -> None:
    if not keystones:
        return
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda keystone: identity.ensure(cloud, keystone), keystones))
    cloud.save()


def stop(cloud: Cloud, names: Sequence[str]) -> None:
    """End the named servers; those that do not run are left alone."""
    servers.stop(_services(cloud, names))
    cloud.save()


def kill(cloud: Cloud, names: Sequence[str]) -> None:
    """End the named servers as a crash would, without letting them finish anything.

    :raises CloudError: no such server.
    """
    servers.kill(_services(cloud, names))
    cloud.save()


def restart(
    cloud: Cloud, name: str, overrides: Mapping[str, str], say: Say, *, processes: int = 1, policy: str = ""
) -> None:
    """End a server and start it with its standard configuration, changed by what is given alone.

    The changes stay until the next `restart` or `reset`.

    :param overrides: ``section.key`` -> value.
    :param processes: how many processes answer requests.
    :param policy: the text of a policy file of oslo.policy, in YAML; empty for the rules of the service itself.
    :raises CloudError: no such server, one that does not have that, a malformed option, or it does not start like that.
    """
    service = _services(cloud, [name])[0]
    for option in overrides:
        split_option(option)
    if overrides and not service.takes_overrides:
        raise CloudError(f"{name} has no options that can be set")
    if (processes != 1 or policy) and not service.is_api_of_volumes:
        raise CloudError(f"{name} takes neither --processes nor --policy; "
                         f"{', '.join(server_table.APIS)} do")
    servers.stop([service])
    service.overrides = dict(overrides)
    service.processes = processes
    service.policy = policy
    cloud.save()
    start(cloud, [name], say)


def reset(cloud: Cloud, say: Say) -> None:
    """Back to the cloud as it was after its first `up`: no images, no overrides, and all servers run if any does.

    The volumes' servers, volumes and backups go, too; the accounts stay.

    :raises CloudError: a server does not start again.
    """
    is_up = any(service.is_running for service in cloud.services.values())
    changed = [service for service in cloud.services.values() if service.is_changed]
    servers.stop(changed)
    for service in changed:
        service.use_standard()
    cloud.save()
    for glance in cloud.glances():
        remove_images(glance)
    if cloud.has_volumes:
        if is_up:
            start(cloud, ["mariadb"], say)
        remove_volumes(cloud)
    if is_up:
        start(cloud, list(cloud.services), say)


def down(cloud: Cloud) -> None:
    """End every server of the cloud."""
    # Against the order of the start: Cinder and Nova report their end to what they need.
    dependent = [service.name for service in cloud.volume_servers() if service.needs]
    stop(cloud, dependent)
    stop(cloud, [name for name in cloud.services if name not in dependent])
    if cloud.has_volumes:
        runtime_folder.give_back(cloud)


def purge(cloud: Cloud, *, with_software: bool) -> None:
    """Remove what a cloud that is down has left behind.

    :param with_software: also the installed software, when it lies below the cloud's folder.
    """
    for folder in (*(service.folder for service in cloud.services.values()), cloud.folder / "volumes"):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (cloud.config_file, cloud.folder / state.STATE_FILE):
        path.unlink(missing_ok=True)
    if with_software and cloud.folder in cloud.venv.parents:
        for venv in (cloud.venv, cloud.volumes_venv):
            shutil.rmtree(venv, ignore_errors=True)
            for suffix in (".lock", ".log"):
                venv.with_name(venv.name + suffix).unlink(missing_ok=True)


def _federation(cloud: Cloud) -> list[Service]:
    return [service for service in cloud.services.values() if not service.is_of_volumes]


def _must_prepare_volumes(cloud: Cloud, software: str, unprepared: Sequence[Service]) -> bool:
    """Whether the volumes begin anew: they have not begun, or what they refer to or their databases are gone.

    :param software: fingerprint of their installed software.
    :param unprepared: what of the federation begins anew.
    """
    if any(service.prepared_with != software for service in cloud.volume_servers()):
        return True
    if any(service.name == topology.VOLUMES_KEYSTONE for service in unprepared):
        return True
    return not cloud.services["mariadb"].is_running and not runtime_folder.fetch_data(cloud)


def _names(services: Sequence[Service]) -> str:
    """The servers for a line of progress, which has to have room for what is waited for."""
    if len(services) > MOST_NAMES:
        return f"{len(services)} servers"
    return ", ".join(service.name for service in services)


def _services(cloud: Cloud, names: Sequence[str]) -> list[Service]:
    unknown = [name for name in names if name not in cloud.services]
    if unknown:
        raise CloudError(f"no server {', '.join(unknown)}; there are: {', '.join(cloud.services)}")
    return [cloud.services[name] for name in names]
