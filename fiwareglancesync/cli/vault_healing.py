"""Opens what ``glancesync vault status`` and ``heal`` compare: configuration, vault, templates (vault 5)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import GlanceSyncError, UsageError
from ..base.messages import Message
from ..images.backup.vault_choice import choose_vault
from ..images.configuration import check_targets
from ..images.healing.healing_inventory import HealingInventory, HealingRequest, take_healing_inventory
from ..images.heat.template_images import TemplateImages
from ..images.places import Federation
from ..images.places.factory import open_equal_regions, read_settings
from ..images.region_names import RegionRef
from ..images.settings import Settings, VaultSettings
from ..images.vault.vault_folder import Vault
from ..kinds import option_tables
from ..terminal.streams import write_warnings
from .vault_templates import images_of_templates


@dataclass(frozen=True)
class OpenedHealing:
    """What is compared, before any region is contacted.

    :param chosen: the options of the vault
    """

    settings: Settings
    federation: Federation
    chosen: VaultSettings
    vault: Vault
    request: HealingRequest

    def look(self) -> HealingInventory:
        """Look at the region and the shelf; see :func:`take_healing_inventory`."""
        return take_healing_inventory(self.request, self.settings, self.federation, self.vault)

    def look_again(self, report: Callable[[Message], None]) -> HealingInventory | None:
        """Look at the region and the shelf after they have been healed.

        :param report: takes the error that keeps it from that
        :return: None if there is such an error
        """
        try:
            return self.look()
        except GlanceSyncError as error:
            report(Message.error(f"It is not known how the images stand after healing. Cause: {error}"))
            return None


def open_healing(options: argparse.Namespace) -> OpenedHealing:
    """Read the configuration and the templates.

    :param options: the parsed command line
    :raises ConfigError: the configuration is wrong
    :raises NoVault: the vault is not there
    :raises UsageError: no folder of templates is named, or one cannot be used; with ``--strict``, also for an
        unresolved entry
    """
    settings = read_settings(os.environ, option_tables(), options.conf, options.config, options.os_cloud)
    check_targets(settings, [RegionRef.parse(options.region).target])
    chosen = choose_vault(options.vault, lambda: settings)
    vault = Vault(chosen.path)
    folders = options.templates or list(chosen.templates)
    if not folders:
        raise UsageError("no templates are named; write --templates DIR, or [vault:NAME] templates = DIR")
    templates = images_of_templates(options, folders)
    _report_unresolved(templates)
    if options.strict and templates.unresolved:
        raise UsageError(f"{templates.unresolved_text}, and --strict is given")
    tag = chosen.tag if options.tag is None else options.tag
    request = HealingRequest(options.region, options.shelf, templates, tag)
    return OpenedHealing(settings, open_equal_regions(settings, os.environ), chosen, vault, request)


def _report_unresolved(templates: TemplateImages) -> None:
    write_warnings(f"{entry.position}: unresolved: {entry.cause}" for entry in templates.unresolved)
