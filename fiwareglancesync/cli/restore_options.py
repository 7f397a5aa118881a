"""``--from`` and the options that go with it (vault 4), of the plain command and of ``glancesync vault restore``."""

from __future__ import annotations

import argparse
import os

from ..base.errors import UsageError
from ..images.backup.vault_choice import choose_vault
from ..images.model import is_uuid
from ..images.places.factory import open_federation
from ..images.planning import Choice
from ..images.restore.restore_request import RestoreRequest, open_source, restore_settings
from ..images.restore.restore_run import RestoreRun
from ..images.settings import Settings
from ..images.vault.vault_folder import Vault
from .time_option import read_time


def open_restore(options: argparse.Namespace, settings: Settings) -> RestoreRun:
    """Open the source and the destinations that the command line names.

    :param options: the parsed command line, with ``--from``
    :param settings: the configuration
    :raises UsageError: the call is wrong
    :raises GlanceSyncError: the source cannot be opened
    """
    request = restore_request(options)
    request.check(options.regions, settings.transfer)
    changed = restore_settings(settings, request)
    federation = open_federation(changed, os.environ)
    choice = Choice(tuple(options.image), request.chosen)

    def vault() -> Vault:
        return Vault(choose_vault(options.vault, lambda: settings).path)

    source = open_source(request, changed, federation, vault)
    return RestoreRun(changed, federation, choice, source, settings.master_region)


def restore_request(options: argparse.Namespace) -> RestoreRequest:
    """What the command line asks for.

    :raises UsageError: a value is wrong
    """
    at = None if options.at is None else read_time(options.at)
    request = RestoreRequest(options.source, tuple(options.uuid), at, options.members)
    for uuid in request.uuids if request.shelf is not None else ():
        if not is_uuid(uuid):
            raise UsageError(f"--uuid {uuid}: expected the UUID of an image; glancesync vault ls prints them")
    return request
