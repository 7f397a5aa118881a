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


def send_mail(
    settings: MailSettings | None,
    inventory: HealingInventory,
    closing: str,
    healed: HealingInventory | None = None,
    *,
    done: bool = True,
) -> list[Message]:
    """Send the mail about a comparison, if there is one.

    :param inventory: as it was found
    :param closing: the last line
    :param healed: as it is after healing, None where that is not known
    :param done: whether all that was to be done succeeded
    :return: what went wrong
    """
    if settings is None:
        return []
    after = None if healed is None else healed.comparison
    problem = "" if done else "not everything could be done"
    if inventory.comparison.tag_matches_nothing:
        problem = "nothing is compared"
    mail = mail_of(inventory.comparison, inventory.ref.full, closing, settings, now(), after, problem)
    return [] if mail is None else send_now(mail, settings, now()).messages
