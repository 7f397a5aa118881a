"""The state of a task on the server, asked for again and again, as the events of a run of the command itself."""

from __future__ import annotations

from collections.abc import Iterator

from ..base.messages import Message
from ..events import (
    Action,
    Done,
    Event,
    Failed,
    ImageEvent,
    MessageReported,
    Pending,
    Progress,
    RegionFinished,
    RegionPlanned,
    Started,
)
from .server_answers import FAILED, SYNCING, Result, WholeTask

_REPORTED = {
    action.value: action
    for action in (Action.UPLOAD, Action.REPLACE, Action.RENAME, Action.METADATA, Action.RELINK, Action.OBSOLETE)
}
"""The actions that are reported image by image; of the others only failures are, in the words of the server."""

Key = tuple[str, str]


class TaskEvents:
    """The events of one task.

    :param region: its full name
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._planned = False
        self._images: dict[Key, Result] = {}
        self._messages: set[str] = set()

    def events(self, task: WholeTask) -> Iterator[Event]:
        """What has happened since the last call.

        :param task: the present state of the task
        """
        if task.bytes_total and not self._planned:
            self._planned = True
            yield RegionPlanned(self._region, task.bytes_total, task.images_total)
        own = {f"{self._region}: {image.name}: {image.error}" for image in task.images if image.action in _REPORTED}
        for text in self._new(task.warnings):
            yield MessageReported(self._region, None, Message.warning(text))
        for image in task.images:
            action = _REPORTED.get(image.action)
            if action is not None:
                yield from self._of_image(image, action)
        for text in self._new(task.errors):
            if text not in own:
                yield MessageReported(self._region, None, Message.error(text))
        if task.status != SYNCING:
            yield self._end(task)

    def _new(self, texts: list[str]) -> list[str]:
        new = [text for text in dict.fromkeys(texts) if text not in self._messages]
        self._messages.update(new)
        return new

    def _of_image(self, image: Result, action: Action) -> Iterator[ImageEvent]:
        before = self._images.get((image.name, image.action))
        self._images[image.name, image.action] = image
        if before == image:
            return
        region, name, size = self._region, image.name, image.size
        if image.state == "pending":
            yield Pending(region, name, action, way=image.way, size=size)
            return
        if before is None:
            yield Started(region, name, action, size=size)
        way, moved, seconds = image.way, image.bytes_done, image.seconds
        if image.state == "done":
            yield Done(region, name, action, way=way, size=size, done=moved, seconds=seconds)
        elif image.state == "failed":
            cause = Message.error(image.error or "")
            yield Failed(region, name, action, way=way, size=size, done=moved, seconds=seconds, message=cause)
        else:
            yield Progress(region, name, action, way=way, size=size, done=moved)

    def _end(self, task: WholeTask) -> RegionFinished:
        return RegionFinished(
            self._region,
            size=task.bytes_total if task.dry_run else task.bytes_done,
            failures=task.images_failed,
            undecided=task.undecided,
            in_step=not any(image.action in _REPORTED for image in task.images),
            error=task.status == FAILED and not task.images_failed,
            dry=task.dry_run,
        )
