"""``glancesync vault undelete``: takes back what ``heal --delete`` has begun (vault 5.3)."""

from __future__ import annotations

import argparse
import os
import sys

from ..base.errors import UsageError
from ..base.messages import Message
from ..base.text import printable
from ..images.backup.vault_choice import choose_vault
from ..images.healing.healing_run import HealingTools
from ..images.healing.removal_run import shelves_with, undelete
from ..images.model import is_uuid
from ..images.places.factory import open_federation, read_settings
from ..images.region_names import RegionRef, unknown_target
from ..images.session import ignore_event
from ..images.vault.vault_folder import Vault
from ..kinds import option_tables
from ..terminal.streams import write_line


def undelete_image(options: argparse.Namespace) -> int:
    """Make an image what it was before it was hidden.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: it was not hidden, or is deleted
    """
    if not is_uuid(options.uuid):
        raise UsageError(f"{options.uuid} is no UUID; vault heal --delete and its mail name that of each hidden image")
    settings = read_settings(os.environ, option_tables(), options.conf, options.config, options.os_cloud)
    vault = Vault(choose_vault(options.vault, lambda: settings).path)
    found = next(iter(shelves_with(vault, options.uuid)), None)
    binding = found[0].binding() if found is not None else None
    if found is None or binding is None:
        raise UsageError(f"no shelf of {vault.folder} remembers that image {options.uuid} was hidden")
    ref = RegionRef.parse(binding.source.region)
    if ref.target not in settings.targets:
        raise UsageError(unknown_target(ref, settings))
    federation = open_federation(settings, os.environ)
    place = federation.place(settings.targets[ref.target], ref.region)
    undelete(place, *found, HealingTools(settings, federation, ignore_event, _report), wait=options.wait)
    return 0


def _report(message: Message) -> None:
    write_line(sys.stdout, f"INFO:{printable(message.text)}")
