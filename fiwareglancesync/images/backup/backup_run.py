"""Backs up one region into its shelf, in the order of vault 1.2."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ...base.attempts import FIRST_WAIT_SECONDS
from ...base.errors import Forbidden, NotFound
from ...base.messages import Message
from ...base.throttle import Throttle
from ...base.version import __version__
from ...events import Action, Failed, Pending, RegionPlanned
from ..execution.recorder import Attempt, Recorder, RegionFailed
from ..places import Place
from ..transfer.sources import Source
from ..vault.vault_errors import VaultError, VaultFailed
from ..vault.vault_folder import Shelf, Vault
from ..vault.vault_model import BackupRun, ContentKey, FailedImage, KeptImage, Record, ShelfSource
from ..vault.vault_times import is_in_future
from ..vault.vault_writer import VaultWriter, now
from .backup_inventory import take_inventory
from .backup_outcome import BackedUpImage, BackupOutcome
from .backup_plan import NO_BYTES, BackupPlan, BackupScope, Inventory, PlannedImage, Step, plan_backup
from .backup_threads import AT_ONCE, make_together
from .content_fetch import ContentFetcher

ROUNDS = 3
"""How often content that has vanished is fetched again before a run is written."""

REFUSED = "the region refuses its bytes"
VANISHED = "its content is not in the vault any more"


@dataclass(frozen=True)
class BackupOptions:
    """How regions are backed up.

    :param patterns: of ``--image``
    :param rebind: whether a shelf of another source is bound anew
    :param trust_hashes: whether content that the vault has is not read again
    :param scope: the images that are meant, None for all
    """

    patterns: tuple[str, ...] = ()
    rebind: bool = False
    trust_hashes: bool = True
    scope: BackupScope | None = None


@dataclass(frozen=True)
class BackupInput:
    """What the backup of one region needs.

    :param sources: where its content can be read, the preferred one first
    :param throttles: limit the bytes per second
    :param at_once: how many small images are backed up at the same time
    :param first_wait: seconds before the second attempt at a content
    """

    place: Place
    vault: Vault
    shelf: Shelf
    options: BackupOptions
    recorder: Recorder
    sources: Sequence[Source] = ()
    throttles: Sequence[Throttle] = field(default=(), repr=False)
    at_once: int = AT_ONCE
    first_wait: float = FIRST_WAIT_SECONDS


def source_of(place: Place) -> ShelfSource:
    """What the shelf of a region is bound to."""
    return ShelfSource(place.name, place.identity.address, place.project)


def plan_only(given: BackupInput) -> BackupPlan:
    """Plan the backup of a region; nothing is written.

    :raises OtherSource: the shelf is bound to another source
    :raises CloudError: the region cannot be listed
    """
    if not given.options.rebind:
        given.shelf.check_source(source_of(given.place))

    def find(contents: set[ContentKey]) -> frozenset[ContentKey]:
        return frozenset(content for content in contents if given.vault.find(content) is not None)

    inventory = take_inventory(given.place, given.shelf, find, given.recorder.report)
    return _plan(inventory, given.options)


def _plan(inventory: Inventory, options: BackupOptions) -> BackupPlan:
    return plan_backup(inventory, options.patterns, trust_hashes=options.trust_hashes, scope=options.scope)


def back_up(given: BackupInput) -> BackupOutcome:
    """Back up a region.

    :return: the outcome, with the failures of images
    :raises VaultError: no run could be written
    :raises CloudError: the region cannot be listed
    """
    if not given.options.rebind:
        given.shelf.check_source(source_of(given.place))
    with VaultWriter(given.vault) as writer:

        def hold(contents: set[ContentKey]) -> frozenset[ContentKey]:
            writer.pin({content.sha512 for content in contents})
            return frozenset(content for content in contents if writer.hold(content))

        listed = now()
        _report_future(given, listed)
        inventory = take_inventory(given.place, given.shelf, hold, given.recorder.report)
        if inventory.former and not inventory.images:
            text = f"{given.place.name}: the region has no image of the project; the run before this one has"
            given.recorder.report(Message.warning(f"{text} {len(inventory.former)}"))
        plan = _plan(inventory, given.options)
        writer.bind(given.shelf, source_of(given.place), rebind=given.options.rebind)
        return _BackupExecution(given, writer, plan, listed).run()


def _report_future(given: BackupInput, now: datetime) -> None:
    """Warn of a run of the future: it is taken for the newest one, also when there are newer ones."""
    newest = next(iter(given.shelf.run_times()), None)
    if newest is not None and is_in_future(newest, now):
        text = f"{given.shelf.paths.run(newest)} is a run of the future, which restores take for the newest one"
        advice = "set the clock; if it was wrong then, delete the file after this backup"
        given.recorder.report(Message.warning(f"{given.place.name}: {text}; {advice}"))


@dataclass(frozen=True)
class _Kept:
    """An image that is in the run.

    :param missing: why it has no content, None when it has
    """

    image: KeptImage
    missing: str | None = None


class _BackupEnded(Exception):
    """The vault has failed. That is reported once, and not as the failure of the image that met it."""

    def __init__(self, failure: VaultFailed) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _BackupExecution:
    """Carries out a plan.

    :param given: the region and its shelf
    :param listed: when the region was listed
    """

    def __init__(self, given: BackupInput, writer: VaultWriter, plan: BackupPlan, listed: datetime) -> None:
        self._given = given
        self._shelf = given.shelf
        self._recorder = given.recorder
        self._writer = writer
        self._plan = plan
        self._listed = listed
        self._fetcher = ContentFetcher(writer, given.sources, given.throttles, given.first_wait)
        self._kept: dict[str, _Kept] = {}
        self._done: dict[str, BackedUpImage] = {}
        self._refused: set[str] = set()
        self._stopped: str | None = None

    def run(self) -> BackupOutcome:
        """Keep each image, look at everything again, write the run."""
        plan, recorder = self._plan, self._recorder
        fetches = plan.of(Step.FETCH)
        recorder.emit(RegionPlanned(recorder.region, plan.fetched_bytes, len(fetches)))
        for planned in plan.images:
            self._keep_former(planned)
        for planned in plan.of(Step.REFUSE):
            self._fail(planned, planned.reason)
        changes = (*plan.of(Step.RECORD), *fetches)
        make_together(changes, self._given.at_once, self._make, recorder.stop)
        self._look_again()
        return self._finish()

    def _keep_former(self, planned: PlannedImage) -> None:
        """Keep the record that the image has; another one may take its place."""
        former = planned.former
        if former is None:
            return
        missing = former.record.missing if former.record is not None else None
        self._kept[planned.image.id] = _Kept(former.kept, missing)
        if planned.step in (Step.KEEP, Step.STAY):
            self._note(planned)

    def _make(self, planned: PlannedImage) -> None:
        """Do what is planned with one image; if that fails, it keeps its former record."""
        if self._stopped is not None:
            self._fail(planned, f"not attempted: {self._stopped}")
            return
        action, act = (Action.BACKUP, self._fetch) if planned.step is Step.FETCH else (Action.RECORD, self._record)
        uuid, attempt, started = planned.image.id, Attempt(), time.monotonic()
        try:
            with self._recorder.attempt(action, planned.name, uuid=uuid, size=planned.size) as attempt:
                try:
                    self._kept[uuid] = act(planned, attempt)
                except VaultFailed as failure:
                    raise _BackupEnded(failure) from failure
        except RegionFailed as failure:
            self._stopped = str(failure)
        except _BackupEnded as ended:
            raise ended.failure from ended
        self._note(planned, action, attempt, time.monotonic() - started)

    def _note(
        self, planned: PlannedImage, action: Action | None = None, attempt: Attempt | None = None, seconds: float = 0.0
    ) -> None:
        """Note what was done with an image."""
        uuid, done = planned.image.id, attempt or Attempt()
        kept = self._kept.get(uuid)
        self._done[uuid] = BackedUpImage(
            uuid,
            planned.image.name,
            action,
            done.way,
            done.size,
            seconds,
            record=kept.image.record if kept else None,
            missing=kept.missing if kept else None,
            error=None if done.error is None else str(done.error),
        )

    def _fail(self, planned: PlannedImage, cause: str) -> None:
        """Report that an image fails without an attempt; it keeps its former record."""
        recorder, error = self._recorder, VaultError(cause)
        message = Message.error(cause, planned.name)
        recorder.emit(Failed(recorder.region, planned.name, Action.BACKUP, uuid=planned.image.id, message=message))
        self._note(planned, attempt=Attempt(error=error))

    def _record(self, planned: PlannedImage, attempt: Attempt) -> _Kept:
        """Write a new record of an image whose content is there, or which has none."""
        return self._add_record(planned, planned.content, planned.missing)

    def _fetch(self, planned: PlannedImage, attempt: Attempt) -> _Kept:
        """Read the bytes of an image, and write a record of it."""
        recorder = self._recorder.progress(Action.BACKUP, planned.name, attempt, planned.size)
        try:
            content = self._fetcher.fetch(planned, recorder, trust_hashes=self._given.options.trust_hashes)
            return self._add_record(planned, content, None)
        except Forbidden as error:
            self._refused.add(planned.image.id)
            missing, cause = REFUSED, f": {error}"
        except NotFound:
            self._given.place.get(planned.image.id)  # raises if the image itself is gone
            missing, cause = NO_BYTES, ""
        attempt.way, attempt.size = None, 0
        return self._add_record(planned, None, missing, cause)

    def _add_record(
        self, planned: PlannedImage, content: ContentKey | None, missing: str | None, cause: str = ""
    ) -> _Kept:
        """Write a record, unless the newest one says the same.

        :param missing: why there is no content
        :param cause: what users read besides, as it may differ each time
        """
        image, former = planned.image, planned.former
        if missing is not None:
            text = f"{self._recorder.region}: Image {planned.name} (UUID {image.id}) has no content: {missing}{cause}"
            self._recorder.report(Message.warning(text, planned.name))
        is_same = former is not None and former.is_of(planned.state, content, missing)
        if is_same and former is not None and self._writer.hold_record(self._shelf, image.id, former.kept.record):
            return _Kept(former.kept, missing)
        number = self._writer.add_record(self._shelf, Record(planned.state, now(), content, missing))
        return _Kept(KeptImage(image.id, image.name, number, content), missing)

    def _look_again(self) -> None:
        """Look at all records and contents again, and make anew what has vanished; what stays away is not kept."""
        planned = {each.image.id: each for each in self._plan.images}
        for last in (*[False] * ROUNDS, True):
            vanished = [uuid for uuid, kept in self._kept.items() if not self._is_there(kept.image)]
            if not vanished:
                return
            for uuid in vanished:
                del self._kept[uuid]
                if last or planned[uuid].step in (Step.SKIP, Step.STAY):
                    self._fail(planned[uuid], VANISHED)
                else:
                    self._make(planned[uuid].anew)

    def _is_there(self, kept: KeptImage) -> bool:
        if kept.content is not None and not self._writer.hold(kept.content):
            return False
        return self._writer.hold_record(self._shelf, kept.id, kept.record)

    def _finish(self) -> BackupOutcome:
        plan = self._plan
        failures = [FailedImage(each.id, each.name, each.error) for each in self._done.values() if each.error]
        run = BackupRun(
            run=self._writer.run,
            listed=self._listed,
            finished=now(),
            host=self._writer.host,
            version=__version__,
            region=self._recorder.region,
            complete=not failures and not plan.patterns,
            images=tuple(self._kept[p.image.id].image for p in plan.images if p.image.id in self._kept),
            failures=tuple(failures),
            skipped=plan.skipped,
            patterns=plan.patterns,
            others=plan.others,
        )
        run = self._writer.add_run(self._shelf, run)
        return BackupOutcome(
            self._recorder.region,
            self._shelf.name,
            run.listed,
            run.complete,
            list(self._done.values()),
            len(run.skipped),
            run.others,
            len(self._refused),
            unmatched=plan.unmatched,
        )


def outcome_of_plan(plan: BackupPlan, given: BackupInput) -> BackupOutcome:
    """Report what a backup would do, and return it as an outcome."""
    recorder = given.recorder
    for planned in (*plan.of(Step.RECORD), *plan.of(Step.FETCH)):
        action = Action.BACKUP if planned.step is Step.FETCH else Action.RECORD
        size, notes = (planned.size if planned.step is Step.FETCH else 0), (planned.reason,)
        recorder.emit(Pending(recorder.region, planned.name, action, planned.image.id, size=size, notes=notes))
    for planned in plan.of(Step.REFUSE):
        message = Message.error(planned.reason, planned.name)
        recorder.emit(Failed(recorder.region, planned.name, Action.BACKUP, uuid=planned.image.id, message=message))
    return BackupOutcome(
        recorder.region,
        given.shelf.name,
        images=[
            BackedUpImage(p.image.id, p.image.name, error=p.reason if p.step is Step.REFUSE else None)
            for p in plan.of(Step.KEEP, Step.STAY, Step.RECORD, Step.FETCH, Step.REFUSE)
        ],
        skipped=len(plan.skipped),
        others=plan.others,
        to_record=len(plan.of(Step.RECORD)),
        to_fetch=len(plan.of(Step.FETCH)),
        fetched_bytes=plan.fetched_bytes,
        unmatched=plan.unmatched,
    )
