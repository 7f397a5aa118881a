"""The account and the region of a subject that works in one region: the key ``region`` of its section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..base.errors import ConfigError
from ..openstack.credential import Credential
from .option_tables import MASTER
from .reader import Configuration
from .resolving import Resolver

REGION_VARIABLE = "OS_REGION_NAME"
"""The variable that names the region where nothing else does."""


@dataclass(frozen=True)
class RegionAccount:
    """Whose account it is, and where.

    :param target: name of the target whose credential it is
    :param region: name of the region in the catalog, "" for the only one
    """

    credential: Credential
    target: str
    region: str


def target_of(named: str) -> str:
    """The name of the target in ``TARGET:REGION`` or ``REGION``."""
    return named.rpartition(":")[0] or MASTER


def region_account(
    configuration: Configuration,
    section: str,
    named: str,
    environ: Mapping[str, str],
    *,
    os_cloud: str | None = None,
    anonymous: bool = False,
) -> RegionAccount:
    """Find them.

    :param section: of the key ``region``, for messages
    :param named: the value of that key: ``REGION``, ``TARGET:REGION``, or ""
    :param environ: the environment
    :param os_cloud: the entry of ``clouds.yaml`` that ``--os-cloud`` names, None when it is not given
    :param anonymous: whether nobody signs in
    :raises ConfigError: with one line for every problem of the configuration
    """
    region = named.rpartition(":")[2]
    name = target_of(named)
    target = configuration.target(name, Resolver(environ, os_cloud, anonymous, bool(region)))
    configuration.raise_problems()
    if target is None:
        where = configuration.section(section).where("region")
        raise ConfigError(f"{where}: there is no target {name}", configuration.findings.warnings)
    if target.problem:
        raise ConfigError(target.problem, configuration.findings.warnings)
    return RegionAccount(
        target.credential, target.name, region or target.region or environ.get(REGION_VARIABLE, "").strip()
    )
