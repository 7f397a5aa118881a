"""Whose Nova and Cinder list servers and volumes, by the configuration and the environment (snapshots 3)."""

from __future__ import annotations

from collections.abc import Mapping

from ...config.reader import Configuration
from ...config.region_account import region_account, target_of
from ...config.resolving import Resolver
from ..snapshot_options import SECTION, SnapshotSettings
from .inventory_source import OpenStackInventory


def open_inventory(
    configuration: Configuration, settings: SnapshotSettings, environ: Mapping[str, str], *, is_needed: bool
) -> OpenStackInventory | None:
    """What lists servers and volumes; None without an account and a region: somebody else writes the list of servers.

    :param configuration: that has been read without problems
    :param environ: the environment
    :param is_needed: whether it is an error that there is no account
    :raises ConfigError: the account cannot be used
    """
    is_needed = is_needed or settings.region != ""
    if not is_needed and not _is_stated(configuration, environ, target_of(settings.region)):
        return None
    account = region_account(configuration, SECTION, settings.region, environ)
    return OpenStackInventory(account.credential, account.region, account.target)


def _is_stated(configuration: Configuration, environ: Mapping[str, str], name: str) -> bool:
    """Whether anything says whose account it is."""
    target = configuration.target(name, Resolver(environ, None, True, True))
    if target is None:  # the error about that is raised where the target is needed
        return True
    return target.credential.auth_url != "" or target.credential.cloud != ""
