"""Chooses the federation that a configuration and an environment mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..settings import Settings
from .port import Federation

EMBEDDED = "GLANCESYNC_MOCKPERSISTENT_PATH"
"""The variable that names an embedded federation (sync 4)."""


def open_federation(settings: Settings, environ: Mapping[str, str]) -> Federation:
    """Open the embedded federation where the environment names one, else the real one.

    :param settings: the configuration
    :param environ: the environment
    :raises GlanceSyncError: the embedded federation cannot be opened
    """
    path = environ.get(EMBEDDED)
    if path:
        from .embedded.embedded_federation import EmbeddedFederation

        return EmbeddedFederation(Path(path), settings)
    from .glance import OpenStackFederation

    return OpenStackFederation(settings)
