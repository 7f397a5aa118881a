"""Everything that works on the volumes of one region, put together from a cloud, a database and the settings."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from ..base.errors import ConfigError
from ..base.text import show
from ..locks.lease import USUAL_TIMING, LeaseTiming
from ..notify.mail_settings import MailSettings
from ..openstack.credential import Credential
from ..openstack.refusals import Waits
from ..openstack.tuning import Tuning
from .backup_cloud import BackupCloud
from .digests.digest_reporter import DigestReporter
from .execution.inventory_reader import InventoryReader
from .execution.shared_listings import OwnListings, SharedListings
from .execution.volume_cycle import VolumeCycle
from .openstack_backups import OpenStackBackups
from .planning.volume_inventory import VolumeInventory
from .state.project_leases import ProjectLeases
from .state.shared_clock import SharedClock
from .state.volume_listings import ListingStore
from .state.volume_store import VolumeStore
from .volume_events import EmitVolume
from .volume_model import VolumeSettings
from .volume_options import SECTION

TUNING = Tuning(connect=10.0, control=25.0)
"""A request ends before a lease that is renewed in time does: see ``request_seconds``."""


@dataclass(frozen=True)
class VolumeRegion:
    """One region with volumes.

    :param cloud: with the rights of the account
    :param engine: the database, its tables in place
    :param clock: of the database
    """

    cloud: BackupCloud
    engine: Engine
    clock: SharedClock
    settings: VolumeSettings

    @property
    def store(self) -> VolumeStore:
        """What the database knows of the region."""
        return VolumeStore(self.engine, self.cloud.region)

    @contextmanager
    def cycles(
        self, emit: EmitVolume, wait: Callable[[float], None], timing: LeaseTiming = USUAL_TIMING
    ) -> Iterator[VolumeCycle]:
        """What does cycles in the region; its leases are given back at the end.

        :param emit: takes what happens
        :param wait: waits for so many seconds; what it raises ends the cycle
        :param timing: of the leases
        :raises CloudError: the region is not in the catalog
        :raises ConfigError: ``account_id`` is of another account
        """
        region = self.cloud.region
        self._check_account_id()
        with ProjectLeases(self.engine, region, str(uuid.uuid4()), timing) as leases:
            shared = SharedListings(self.cloud, ListingStore(self.engine, region), leases, wait)
            reader = InventoryReader(self.cloud, shared, self.settings, self.clock.now)
            yield VolumeCycle(
                self.cloud, self.engine, reader, leases, self.settings, emit, self.clock.now, wait
            )

    @contextmanager
    def reporter(
        self, mail: MailSettings, emit: EmitVolume, timing: LeaseTiming = USUAL_TIMING
    ) -> Iterator[DigestReporter]:
        """What makes digests and sends mails after a cycle (volumes 6).

        :param mail: where mails go
        :param emit: takes what somebody has to know
        :param timing: of the lease
        """
        cloud = self.cloud
        account_id = self.settings.account_id or cloud.account().user_id
        with ProjectLeases(self.engine, cloud.region, str(uuid.uuid4()), timing) as leases:
            yield DigestReporter(
                self.engine, cloud.region, leases, self.settings, mail, cloud.member_addresses, cloud.quota, account_id,
                emit,
            )  # fmt: skip

    def _check_account_id(self) -> None:
        """The policy server believes ``account_id``: with a wrong one it would let members delete new backups.

        :raises ConfigError: it is of another account
        """
        stated, found = self.settings.account_id, self.cloud.account().user_id
        if stated not in ("", found):
            raise ConfigError(
                f"[{SECTION}] account_id: found {show(stated)!r}, but the account that makes the backups has the id "
                f"{found}; write this one, and restart the policy server"
            )

    def inventory(self) -> VolumeInventory:
        """Read the region now, for what only shows something; nothing is stored.

        :raises CloudError: it cannot be read
        """
        now = self.clock.now()
        return InventoryReader(self.cloud, OwnListings(self.cloud), self.settings, self.clock.now).read(now, now)


def open_region(
    credential: Credential,
    engine: Engine,
    settings: VolumeSettings,
    region: str = "",
    target: str = "master",
    waits: Waits | None = None,
    tuning: Tuning = TUNING,
) -> VolumeRegion:
    """Open a region.

    :param credential: user and password of the account, and its own project
    :param engine: the database, its tables in place
    :param region: name of the region in the catalog, "" for the only one that has a Cinder
    :param target: name of the target, for messages about signing in
    :raises ConfigError: the credential is bound to one project
    :raises DatabaseUnavailable: the database cannot be used
    """
    clock = SharedClock(VolumeStore(engine, region).now, time.monotonic)
    cloud = OpenStackBackups(credential, region, target, tuning, waits, clock.now, clock.timestamp)
    return VolumeRegion(cloud, engine, clock, settings)
