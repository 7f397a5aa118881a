"""What the configuration says of volume backups: section ``[volumes]``, the account, and the database (volumes 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..config.mail_options import read_mail_settings
from ..config.option_tables import MAIN, OptionTables
from ..config.reader import Configuration
from ..config.region_account import region_account
from ..config.sections import Findings, Values
from ..locks.region_lock import check_database
from ..notify.mail_settings import MailSettings
from ..openstack.credential import Credential
from ..openstack.project_tokens import check_account
from .volume_model import VolumeSettings
from .volume_options import SECTION, read_volume_settings

DATABASE_VARIABLE = "GLANCESYNCAPP_DATABASE_PATH"
"""The variable that names the folder of databases that no configuration names."""

DATABASE_FILE = "glancesync-volumes.db"


@dataclass(frozen=True)
class VolumeConfiguration:
    """What the configuration says of volume backups.

    :param credential: of the account; None when it is not needed and not complete
    :param target: name of the target whose credential it is
    :param region: name of the region in the catalog, "" for the only one that has a Cinder
    :param database: URL
    :param mail: where digests go
    :param warnings: what is odd, for the user
    """

    settings: VolumeSettings
    credential: Credential | None
    target: str
    region: str
    database: str = field(repr=False)
    mail: MailSettings = field(default_factory=MailSettings)
    warnings: tuple[str, ...] = ()


def load_volumes(
    conf: str | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
    tables: OptionTables,
    *,
    os_cloud: str | None = None,
    account_needed: bool = True,
) -> VolumeConfiguration:
    """Read the configuration.

    :param conf: path given with ``--conf``, None when it is not given
    :param overrides: the words after ``--config`` (sync 1.1)
    :param environ: the environment
    :param tables: the options of every kind of section
    :param os_cloud: the entry of ``clouds.yaml`` that ``--os-cloud`` names, None when it is not given
    :param account_needed: whether the account has to be stated although ``account_id`` is
    :raises ConfigError: with one line for every problem found
    :raises NotInstalled: the driver of the database is not installed
    :raises UsageError: an override is not ``KEY=VALUE``
    """
    configuration = Configuration(conf, overrides, environ, tables, _no_check)
    settings = read_volume_settings(configuration)
    mail = read_mail_settings(configuration, environ) if account_needed else MailSettings()
    may_lack_account = not account_needed and bool(settings.account_id)
    account = region_account(
        configuration, SECTION, settings.region, environ, os_cloud=os_cloud, anonymous=may_lack_account
    )
    credential = account.credential
    if not may_lack_account:
        check_account(credential)
    database = str(configuration.section(MAIN).rules.get("database") or _default_database(environ))
    check_database(database)
    return VolumeConfiguration(
        settings,
        credential if not may_lack_account or _is_complete(credential) else None,
        account.target,
        account.region,
        database,
        mail,
        tuple(configuration.findings.warnings),
    )


def _is_complete(credential: Credential) -> bool:
    """Whether one can sign in with it."""
    has_user = bool(credential.username or credential.user_id)
    has_project = bool(credential.project_name or credential.project_id)
    return bool(credential.auth_url and has_user and credential.password and has_project)


def _default_database(environ: Mapping[str, str]) -> str:
    """The URL of an SQLite file in the folder of databases."""
    data = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or "~", ".local", "share")
    folder = environ.get(DATABASE_VARIABLE) or Path(data, "glancesync")
    return f"sqlite:///{Path(folder).expanduser().absolute() / DATABASE_FILE}"


def _no_check(values: Values, findings: Findings) -> None:
    """Sections of targets are checked by the subject that they are for."""
