"""Makes what the policy server works with, from the configuration; nothing is contacted yet (volumes 5)."""

from __future__ import annotations

from functools import cached_property

from ...base.errors import ConfigError, GlanceSyncError
from ...openstack.cloud_model import CloudBackup
from ...openstack.credential import Credential
from ...openstack.tuning import Tuning
from ...serving.listen_address import ListenAddress, read_listen_address
from ..openstack_backups import OpenStackBackups
from ..policy_clients import AllowedClients
from ..volume_configuration import VolumeConfiguration
from .policy_account import AccountId
from .policy_application import PolicyService
from .policy_lookup import CinderLookup, RecordLookup
from .policy_records import recorded_in

LISTEN_FORMS = "HOST:PORT, [ADDRESS]:PORT or unix:PATH"

TUNING = Tuning(connect=2.0, control=10.0, attempts=1, wait_limit=2.0)
"""A request that goes on for longer than its answer is waited for keeps others from being made."""


def policy_service(configuration: VolumeConfiguration) -> PolicyService:
    """Make what the application works with; its own in each process.

    :param configuration: what the configuration says
    :raises ConfigError: it cannot be used
    """
    account = _Account(configuration)
    return PolicyService(
        RecordLookup(recorded_in(configuration.database)),
        CinderLookup(account.backup),
        AccountId(configuration.settings.account_id, account.sign_in),
        _clients(configuration),
    )


def listen_address(configuration: VolumeConfiguration) -> ListenAddress:
    """Where the policy server is to listen.

    :param configuration: what the configuration says
    :raises ConfigError: it does not say so
    """
    text = configuration.settings.policy_listen
    try:
        return read_listen_address(text)
    except ValueError as error:
        raise ConfigError(f"[volumes] policy_listen: found {text!r}, expected {LISTEN_FORMS}") from error


def _clients(configuration: VolumeConfiguration) -> AllowedClients:
    try:
        return AllowedClients(configuration.settings.allowed_clients)
    except ValueError as error:
        text = f"[volumes] allowed_clients: found {str(error)!r}, expected addresses or networks such as 192.0.2.0/24"
        raise ConfigError(text) from error


class _Account:
    """The account in the region; signs in when it is needed for the first time."""

    def __init__(self, configuration: VolumeConfiguration) -> None:
        self._configuration = configuration

    @cached_property
    def _cloud(self) -> OpenStackBackups:
        found = self._configuration
        return OpenStackBackups(self._credential, found.region, found.target, TUNING)

    @property
    def _credential(self) -> Credential:
        if self._configuration.credential is None:
            raise GlanceSyncError("no account is configured")
        return self._configuration.credential

    def sign_in(self) -> str:
        """The id of the account."""
        return self._cloud.account().user_id

    def backup(self, backup_id: str) -> CloudBackup | None:
        """A backup of any project, None when there is none."""
        return self._cloud.backup(backup_id)
