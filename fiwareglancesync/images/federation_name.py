"""The name of a federation, by which a database knows whose it is (sync 1)."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..jobs.database_owner import EMBEDDED_PREFIX
from ..openstack.addresses import comparable, url_without_secrets
from .places.factory import EMBEDDED
from .settings import Settings


def federation_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """The name of a federation: master region and Keystone, or the folder of an embedded one.

    :param settings: the configuration
    :param environ: the environment
    """
    folder = environ.get(EMBEDDED)
    if folder:
        return EMBEDDED_PREFIX + os.path.realpath(folder)
    address = settings.master.credential.auth_url
    try:
        keystone = comparable(address)
    except ValueError:  # the address cannot be used; signing in reports that
        keystone = url_without_secrets(address)
    return f"{settings.master_region}@{keystone}"
