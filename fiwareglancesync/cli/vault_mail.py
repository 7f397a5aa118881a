"""``--mail`` of ``glancesync vault status`` and ``heal`` (vault 5.4)."""

from __future__ import annotations

import argparse
import os

from ..base.errors import ConfigError
from ..base.messages import Message
from ..config.mail_options import read_mail_settings
from ..config.reader import Configuration
from ..images.healing.healing_inventory import HealingInventory
from ..images.healing.healing_mail import mail_of
from ..images.vault.vault_writer import now
from ..kinds import option_tables
from ..notify.mail_settings import MailSettings
from ..notify.single_mail import send_now


def mail_settings(options: argparse.Namespace) -> MailSettings | None:
    """How mail is sent; None where none is asked for.

    :raises ConfigError: mail cannot be sent like this
    """
    if not options.mail:
        return None
    tables = option_tables()
    configuration = Configuration(options.conf, options.config, os.environ, tables, lambda values, findings: None)
    settings = read_mail_settings(configuration, os.environ)
    configuration.raise_problems()
    if settings.sender is None or not settings.receivers:
        raise ConfigError("--mail needs sender and receivers in the section [notify] of the configuration")
    return settings


def send_mail(settings: MailSettings | None, inventory: HealingInventory, closing: str) -> list[Message]:
    """Send the mail about a comparison, if there is one.

    :param inventory: as it was found
    :param closing: the last line
    :return: what went wrong
    """
    if settings is None:
        return []
    mail = mail_of(inventory.comparison, inventory.ref.full, closing, settings, now())
    return [] if mail is None else send_now(mail, settings, now()).messages
