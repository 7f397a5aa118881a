"""Reads the configuration and opens its federation: a target says which kind of place its regions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

from ...base.errors import ConfigError
from ...config.option_tables import OptionTables
from ...openstack.refusals import Wait
from ..configuration import load_settings
from ..settings import Settings, Target
from .port import Federation, Place, ReportsWaits

EMBEDDED = "GLANCESYNC_MOCKPERSISTENT_PATH"
"""The variable that names an embedded federation (sync 4)."""


class PlaceKind(Enum):
    """The kinds of places that the regions of a target may be."""

    GLANCE = "glance"
    EMBEDDED = "embedded"


def kind_of(target: Target, environ: Mapping[str, str]) -> PlaceKind:
    """The kind of a target's places; with the variable of the embedded federation it is that of all targets.

    :param target: the target
    :param environ: the environment
    """
    return PlaceKind.EMBEDDED if environ.get(EMBEDDED) else PlaceKind.GLANCE


def read_settings(
    environ: Mapping[str, str],
    tables: OptionTables,
    conf: str | None = None,
    overrides: Sequence[str] = (),
    os_cloud: str | None = None,
) -> Settings:
    """Read the configuration; credentials are needed unless the environment names an embedded federation.

    :param environ: the environment
    :param tables: the options of every kind of section
    :param conf: the configuration file; None means the one of the environment, or the usual one (sync 2)
    :param overrides: ``section.key=value``, as with ``--config``
    :param os_cloud: an entry of ``clouds.yaml``, as with ``--os-cloud``
    :raises ConfigError: the configuration is wrong
    """
    return load_settings(conf, overrides, environ, tables, mock=bool(environ.get(EMBEDDED)), os_cloud=os_cloud)


def open_federation(settings: Settings, environ: Mapping[str, str]) -> Federation:
    """Open the federation of all targets; each kind of federation is opened once.

    :param settings: the configuration
    :param environ: the environment
    :raises GlanceSyncError: the embedded federation cannot be opened
    """
    kinds = dict.fromkeys(kind_of(target, environ) for target in settings.targets.values())
    federations = {kind: _OPEN[kind](settings, environ) for kind in kinds}
    if len(federations) == 1:
        return next(iter(federations.values()))
    return MixedFederation(lambda target: kind_of(target, environ), federations)


def open_equal_regions(settings: Settings, environ: Mapping[str, str]) -> Federation:
    """Open the federation so that the listing of the master region has images of other projects too.

    :param settings: the configuration
    :param environ: the environment
    :raises GlanceSyncError: the embedded federation cannot be opened
    """
    return open_federation(replace(settings, master_region=""), environ)


class MixedFederation:
    """Regions of targets whose places are of several kinds; implements ``Federation`` and ``ReportsWaits``.

    It is not ``Versioned`` and no ``FolderBacked``: neither would be true of all its regions.

    :param kind: returns the kind of a target's places
    :param federations: the federation of each kind
    """

    def __init__(self, kind: Callable[[Target], PlaceKind], federations: Mapping[PlaceKind, Federation]) -> None:
        self._kind = kind
        self._federations = federations

    def regions(self, target: Target) -> Sequence[str]:
        """Names (without prefix) of the regions of a target, sorted."""
        return self._federations[self._kind(target)].regions(target)

    def place(self, target: Target, region: str) -> Place:
        """One region."""
        return self._federations[self._kind(target)].place(target, region)

    def forked(self) -> None:
        """Tell each federation that this process is a child of the one that opened it."""
        for federation in self._federations.values():
            federation.forked()

    def report_waits(self, listener: Callable[[Wait], None]) -> None:
        """Call a function for each wait of those federations that report waits."""
        for federation in self._federations.values():
            if isinstance(federation, ReportsWaits):
                federation.report_waits(listener)


def _open_glance(settings: Settings, _: Mapping[str, str]) -> Federation:
    from .glance import OpenStackFederation

    return OpenStackFederation(settings)


def _open_embedded(settings: Settings, environ: Mapping[str, str]) -> Federation:
    from .embedded.embedded_federation import EmbeddedFederation

    try:
        return EmbeddedFederation(Path(environ[EMBEDDED]), settings)
    except ConfigError as error:
        raise ConfigError(f"{EMBEDDED}: {error}") from error


_OPEN: Mapping[PlaceKind, Callable[[Settings, Mapping[str, str]], Federation]] = {
    PlaceKind.GLANCE: _open_glance,
    PlaceKind.EMBEDDED: _open_embedded,
}
