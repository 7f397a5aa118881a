"""Brings the content of one image into a vault (vault 1.3, 3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from ...base.attempts import FIRST_WAIT_SECONDS, attempts, is_worth_new_attempt
from ...base.content import Body, FileSlice
from ...base.errors import CloudError, TransferError
from ...base.throttle import Throttle
from ...base.waiting import pause
from ..execution.recorder import MoveRecorder
from ..transfer.sources import FileSource, Source
from ..transfer.spool_entry import locked
from ..transfer.upload_way import throttled
from ..vault.incoming_content import IncomingContent
from ..vault.vault_errors import WrongContent
from ..vault.vault_model import ContentKey
from ..vault.vault_writer import VaultWriter
from .backup_plan import PlannedImage

POLL_SECONDS = 0.1
"""Seconds between two looks whether another process has fetched a content."""

EMPTY = "empty"
"""The way of content without a byte: nothing is read."""


class ContentFetcher:
    """Fetches contents of one region; several threads may use it at the same time.

    :param writer: the run that needs them
    :param sources: where they can be read, the preferred one first
    :param throttles: limit the bytes per second
    :param first_wait: seconds before the second attempt at a content
    """

    def __init__(
        self,
        writer: VaultWriter,
        sources: Sequence[Source],
        throttles: Sequence[Throttle],
        first_wait: float = FIRST_WAIT_SECONDS,
    ) -> None:
        self._first_wait = first_wait
        self._writer = writer
        self._sources = sources
        self._throttles = throttles
        self._guard = threading.Condition()
        self._reading = 0

    def fetch(self, planned: PlannedImage, recorder: MoveRecorder, *, trust_hashes: bool = True) -> ContentKey:
        """Let the content of an image appear in the vault. The recorder gets the way; none if it was there already.

        :param planned: the image
        :param recorder: takes what happens
        :param trust_hashes: whether content that is there already is not read
        :raises CloudError: the region refuses the content
        :raises WrongContent: the content is not what the region states
        :raises VaultError: there is no room for it, or it cannot be written
        """
        known = planned.content
        if known is None:
            return self._read(planned, recorder)
        self._writer.pin((known.sha512,))
        with self._alone(known, recorder.check):
            if trust_hashes and self._writer.hold(known):
                return known
            return self._read(planned, recorder)

    def _read(self, planned: PlannedImage, recorder: MoveRecorder) -> ContentKey:
        """Read it from the first source that has it."""
        with self._room(planned.size, recorder.check):
            if not planned.size:
                return self._write(planned, EMPTY, recorder, lambda content: None)
            return self._read_from_first(planned, recorder)

    @contextmanager
    def _room(self, size: int, check: Callable[[], None]) -> Iterator[None]:
        """Wait for other threads while it does not fit beside what they are reading; refuse what does not fit alone.

        :param size: bytes
        :param check: called while it waits; what it raises ends the wait
        """
        with self._guard:
            while self._reading and not self._writer.has_room(self._reading + size):
                self._guard.wait(POLL_SECONDS)
                check()
            self._writer.check_room(size)
            self._reading += size
        try:
            yield
        finally:
            with self._guard:
                self._reading -= size
                self._guard.notify_all()

    def _read_from_first(self, planned: PlannedImage, recorder: MoveRecorder) -> ContentKey:
        usable = [source for source in self._sources if source.why_unusable(planned.image) is None]
        for source in usable[:-1]:
            try:
                return self._read_from(source, planned, recorder)
            except (TransferError, WrongContent) as error:
                recorder.way_skipped(source.way, str(error))
        return self._read_from(usable[-1], planned, recorder)

    def _read_from(self, source: Source, planned: PlannedImage, recorder: MoveRecorder) -> ContentKey:
        again = attempts(is_worth_new_attempt, partial(pause, alive=recorder.check), self._first_wait)
        try:
            return again(self._attempt, source, planned, recorder)
        except TransferError as error:
            if isinstance(error.__cause__, CloudError):
                raise error.__cause__ from error
            raise

    def _attempt(self, source: Source, planned: PlannedImage, recorder: MoveRecorder) -> ContentKey:
        image = planned.image
        with source.open(image) as body:
            if body.size != image.size:
                raise TransferError(f"{source.way} offers {body.size} bytes, the image has {image.size}")
            progress = partial(recorder, image.id, source.way)

            def write(content: IncomingContent) -> None:
                if not (isinstance(source, FileSource) and _clone(body, content)):
                    content.write(throttled(body, self._throttles, progress))
                progress(body.size)

            return self._write(planned, source.way, recorder, write)

    def _write(
        self, planned: PlannedImage, way: str, recorder: MoveRecorder, write: Callable[[IncomingContent], None]
    ) -> ContentKey:
        with self._writer.incoming(planned.size, planned.state.hashes) as content:
            write(content)
            key = self._writer.keep(content)
        recorder(planned.image.id, way, planned.size)
        return key

    @contextmanager
    def _alone(self, content: ContentKey, check: Callable[[], None]) -> Iterator[None]:
        """Wait while another process fetches a content; where files cannot be locked, do not wait."""
        path = self._writer.vault.paths.incoming / f"{content.sha512}.lock"
        with ExitStack() as stack:
            while not _is_free(stack, path):
                pause(POLL_SECONDS, check)
            try:
                yield
            finally:
                with suppress(OSError):
                    path.unlink()


def _is_free(stack: ExitStack, path: Path) -> bool:
    try:
        return stack.enter_context(locked(path, shared=False))
    except OSError:
        return True  # locks only save work (vault 1.2)


def _clone(body: Body, content: IncomingContent) -> bool:
    first = next(iter(body.pieces()), None)
    return isinstance(first, FileSlice) and content.clone(first.descriptor)
