"""One call of ``vault backup`` or ``vault size``: which regions, one after the other or several at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from functools import partial

from ...base.errors import CloudError, GlanceSyncError, UsageError
from ...base.messages import Message
from ...base.throttle import Throttle
from ...events import Emit, RegionStarted, one_at_a_time
from ...locks.region_lock import check_database
from ..execution.recorder import Recorder
from ..places import Federation, Place
from ..region_job import region_error
from ..region_loop import RegionLoop, report_waits
from ..region_names import Lost, Refuse, RegionRef, resolve_regions
from ..settings import MASTER, Settings
from ..transfer.sources import FileSource, StreamSource
from ..vault.dead_writers import remove_dead_writers
from ..vault.vault_errors import NewerFormat, VaultError, VaultFailed
from ..vault.vault_folder import Vault
from .backup_inventory import describing
from .backup_outcome import BackupOutcome, BackupResult
from .backup_run import BackupInput, BackupOptions, back_up, outcome_of_plan, plan_only, source_of
from .planned_contents import PlannedContents, fetched_once
from .shelf_lock import shelf_lock

NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "lustre", "fuse.sshfs"})
"""File systems where locks of files may not hold between machines."""


class BackupSession:
    """Backs up regions into one vault.

    :param settings: the configuration
    :param federation: the regions that it reaches
    :param vault: the vault
    :param options: how regions are backed up
    :param emit: takes the events, one at a time
    :param shelf: name of the shelf, for one region; None for shelves that are called like their regions
    :param dry: whether nothing is to be written
    :param wait: wait for another run that writes to the same shelf
    """

    def __init__(
        self,
        settings: Settings,
        federation: Federation,
        vault: Vault,
        options: BackupOptions,
        emit: Emit,
        *,
        shelf: str | None = None,
        dry: bool = False,
        wait: bool = False,
    ) -> None:
        self.settings = settings
        self.federation = federation
        self.vault = vault
        self.options = options
        self.emit = one_at_a_time(emit)
        self.dry = dry
        self._shelf = shelf
        self._wait = wait
        self._throttles = [Throttle(settings.bandwidth)] if settings.bandwidth else []
        self._vault_failure: VaultFailed | None = None
        self._planned = PlannedContents() if dry and options.trust_hashes else None
        self._loop = RegionLoop(federation, self.emit, self._crashed)
        report_waits(federation, self.emit)

    def resolve(
        self, words: Sequence[str], lost: Lost, report: Callable[[Message], None], refuse: Refuse
    ) -> list[RegionRef]:
        """The regions that words name; all regions of ``master`` include the master region here.

        :raises UsageError: a word names an unknown target, or several regions would write to one shelf
        """
        refs = resolve_regions(words, self.settings, self.federation, lost, report, refuse)
        if f"{MASTER}:" in words:
            refs = list(dict.fromkeys([RegionRef(MASTER, self.settings.master_region), *refs]))
        if self._shelf is not None and len(refs) > 1:
            raise UsageError(f"--shelf {self._shelf} goes with one region; without it each region has its own shelf")
        return refs

    def check(self, refs: Sequence[RegionRef]) -> None:
        """Check, before anything is written, what would fail each region.

        :raises UsageError: a region has no bytes
        :raises ConfigError: the database of the locks cannot be used
        :raises VaultError: no shelf can have the name, or it is bound to another source
        """
        if not self.dry:
            check_database(self.settings.database)
        for ref in refs:
            shelf = self.vault.shelf(self._shelf or ref.full)
            with suppress(CloudError):  # it fails in its turn, and no other region does
                place = self._place(ref)
                describing(place)
                if not self.options.rebind:
                    shelf.check_source(source_of(place))

    def prepare(self) -> list[Message]:
        """Remove what killed runs left.

        :return: warnings about the disk of the vault
        """
        if self.dry:
            return []
        remove_dead_writers(self.vault, self.settings.leftover_age)
        folder, images = self.vault.folder, self.settings.images_dir
        messages = []
        kind = file_system_of(str(folder))
        if kind in NETWORK_FILE_SYSTEMS and not self.settings.database:
            text = f"{folder} is on {kind}, where locks may not hold between machines: [main] database = URL makes them"
            messages.append(Message.warning(f"{text} hold; without it two backups may do the same work"))
        with suppress(OSError):
            if images.is_dir() and images.stat().st_dev == folder.stat().st_dev:
                text = f"{folder} and the images_dir {images} are on one device"
                messages.append(Message.warning(f"{text}: if it fails, images and their backup are lost together"))
        return messages

    def do_all(
        self, refs: Sequence[RegionRef], finished: Callable[[BackupResult], None], *, parallel: bool = False
    ) -> None:
        """Back up regions; if one fails, the others go on, unless the vault itself has failed.

        :param finished: takes each result as soon as it is there
        :param parallel: in a process each, ``max_children`` at once
        """
        with closing(self._in_parallel(refs) if parallel else self._in_turn(refs)) as results:
            for result in results:
                if isinstance(result.outcome.cause, VaultFailed):
                    self._vault_failure = result.outcome.cause  # also where another process has met it
                finished(result)

    def _in_turn(self, refs: Sequence[RegionRef]) -> Generator[BackupResult, None, None]:
        for ref in refs:
            yield self._loop.do(ref, partial(self._do, ref, self.emit))

    def _in_parallel(self, refs: Sequence[RegionRef]) -> Generator[BackupResult, None, None]:
        return self._loop.in_processes(refs, self._do, self.settings.max_children)

    def _do(self, ref: RegionRef, emit: Emit) -> BackupResult:
        if self._vault_failure is not None:
            return self._leave_out(ref, emit, self._vault_failure)
        emit(RegionStarted(ref.full))
        recorder = Recorder(ref.full, emit)
        try:
            outcome = self._back_up(ref, recorder)
        except BrokenPipeError:
            raise
        except (GlanceSyncError, OSError) as error:
            outcome = BackupOutcome(ref.full, self._shelf or ref.full, error=str(error), cause=error)
            recorder.report(Message.error(_sentence(ref, error)))
        emit(outcome.event(dry=self.dry))
        return BackupResult(ref, outcome)

    def _leave_out(self, ref: RegionRef, emit: Emit, failure: VaultFailed) -> BackupResult:
        """The result of a region whose turn comes after the vault has failed, which was reported already."""
        outcome = BackupOutcome(ref.full, self._shelf or ref.full, error=f"not attempted: {failure}", cause=failure)
        emit(outcome.event(dry=self.dry))
        return BackupResult(ref, outcome)

    def _back_up(self, ref: RegionRef, recorder: Recorder) -> BackupOutcome:
        place = self._place(ref)
        shelf = self.vault.shelf(self._shelf or ref.full)
        sources = (FileSource(self.settings.images_dir), StreamSource(place))
        given = BackupInput(place, self.vault, shelf, self.options, recorder, sources, self._throttles)
        if self.dry:
            plan = plan_only(given)
            return outcome_of_plan(fetched_once(plan, self._planned.claim) if self._planned else plan, given)
        with shelf_lock(shelf, self.settings.database, wait=self._wait):
            return back_up(given)

    def _place(self, ref: RegionRef) -> Place:
        return self.federation.place(self.settings.targets[ref.target], ref.region)

    def _crashed(self, ref: RegionRef, how: str) -> BackupResult:
        return BackupResult(ref, BackupOutcome(ref.full, self._shelf or ref.full, error=how))


def _sentence(ref: RegionRef, error: GlanceSyncError | OSError) -> str:
    if isinstance(error, VaultFailed):
        return f"{ref.full}: {error}; the backup ends here"
    if isinstance(error, VaultError | NewerFormat | UsageError):
        return f"{ref.full}: {error}"
    return region_error(ref.full, error)


def file_system_of(path: str) -> str:
    """The kind of the file system that has a path, "" when that is not known."""
    best, kind = "", ""
    real = os.path.realpath(path)
    with suppress(OSError), open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            _, folder, found, *_ = line.split(" ")
            folder = folder.encode("utf-8", "surrogateescape").decode("unicode_escape")
            inside = real == folder or real.startswith(folder.rstrip("/") + "/")
            if inside and len(folder) >= len(best):
                best, kind = folder, found
    return kind
