"""Keeps the list of servers, and what else an inventory finds, up to date (snapshots 3).

::

    keeper = InventoryKeeper(OpenStackInventory(credential), store, changes, settings.server_list, listener)
    outcome = keeper.refresh()                 # every inventory_period, and on SIGHUP
    if outcome.problem:                        # nothing was changed; recorded since when
        ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ...base.errors import CloudError, ConfigError, NotWritten
from ...base.file_replacement import replace_file
from ...openstack.cloud_inventory import utc_now
from ..schedule.server_list import ListedServer, write_servers
from ..snapshot_events import Listener, SnapshotWarning
from ..state.snapshot_changes import SnapshotChanges
from ..state.snapshot_store import INVENTORY, SnapshotStore
from .inventory_source import InventorySource
from .server_inventory import InventoryRecord, ServerInventory, why_not_believed
from .snapshot_files import load_servers

OWN_PROJECT = "the account is no administrator of Nova and Cinder: only servers of its own project are covered"


@dataclass(frozen=True, slots=True)
class InventoryOutcome:
    """What came of an inventory.

    :param problem: why it changed nothing, "" when it is the present one
    :param is_changed: whether the list of servers is another one now
    """

    problem: str = ""
    is_changed: bool = False


class InventoryKeeper:
    """Lists servers and volumes, and keeps what was found.

    :param server_list: path of the list of servers
    :param listener: takes warnings
    :param now: the present moment, in UTC
    """

    def __init__(
        self,
        source: InventorySource,
        store: SnapshotStore,
        changes: SnapshotChanges,
        server_list: str,
        listener: Listener,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._source = source
        self._store = store
        self._changes = changes
        self._path = Path(server_list)
        self._listener = listener
        self._now = now
        self._has_warned = False

    def refresh_if_due(self, period: timedelta) -> InventoryOutcome:
        """List all servers and volumes if there is no list, or the last inventory is older.

        :param period: how old it may be
        :raises DatabaseUnavailable: nothing can be recorded
        """
        before = self._store.inventory()
        is_recent = before is not None and timedelta() <= self._now() - before.read < period
        return InventoryOutcome() if is_recent and self._path.exists() else self.refresh()

    def refresh(self) -> InventoryOutcome:
        """List all servers and volumes; an inventory that failed, or is not believed, changes nothing.

        :raises DatabaseUnavailable: nothing can be recorded
        """
        try:
            found = self._source.read()
            before = self._store.inventory()
            problem = why_not_believed(found, self._listed(before), before)
        except CloudError as error:
            problem = str(error)
        if not problem:
            try:
                is_changed = self._write(found)
            except NotWritten as error:
                problem = str(error)
        if problem:
            self._changes.service_ran(INVENTORY, self._now(), problem)
            return InventoryOutcome(problem)
        self._changes.keep_inventory(found.record)
        self._changes.service_ran(INVENTORY, self._now())
        if not found.record.covers_all and not self._has_warned:
            self._has_warned = True
            self._listener(SnapshotWarning(OWN_PROJECT))
        return InventoryOutcome(is_changed=is_changed)

    def _listed(self, before: InventoryRecord | None) -> list[ListedServer] | None:
        """The servers of the list that is there, None when there is none."""
        try:
            return load_servers(str(self._path))
        except ConfigError:  # an edit broke it
            return [ListedServer(id, "", "") for id in before.server_ids] if before else []

    def _write(self, found: ServerInventory) -> bool:
        """Write the list of servers if it is another one.

        :raises NotWritten: that is not possible
        """
        content = write_servers(found.servers).encode("utf-8", "surrogatepass")
        try:
            if self._path.is_file() and self._path.read_bytes() == content:
                return False
            replace_file(self._path.resolve(), content)
        except OSError as error:
            raise NotWritten.because(error, self._path) from error
        return True
