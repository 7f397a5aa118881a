"""What a task tells from one look to the next, as the events that the command's own runs are told by."""

from __future__ import annotations

from collections.abc import Iterator

from ..base.messages import Message
from ..events import Action, Event, Kind
from .server_answers import FAILED, SYNCING, Result, WholeTask

_TOLD = {
    action.value: action
    for action in (Action.UPLOAD, Action.REPLACE, Action.RENAME, Action.METADATA, Action.RELINK, Action.OBSOLETE)
}
"""What is told image by image; of the rest, only failures are, in the words of the server."""

_ENDS = {"done": Kind.DONE, "failed": Kind.FAILED}

Key = tuple[str, str]


class TaskEvents:
    """Follows one task.

    :param region: its full name
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._planned = False
        self._images: dict[Key, Result] = {}
        self._messages: set[str] = set()

    def events(self, task: WholeTask) -> Iterator[Event]:
        """What has happened since the last look.

        :param task: the task as it stands
        """
        if task.bytes_total and not self._planned:
            self._planned = True
            yield Event(Kind.REGION_PLANNED, self._region, size=task.bytes_total, count=task.images_total)
        own = {f"{self._region}: {image.name}: {image.error}" for image in task.images if image.action in _TOLD}
        for text in self._new(task.warnings):
            yield Event(Kind.MESSAGE, self._region, message=Message.warning(text))
        for image in task.images:
            action = _TOLD.get(image.action)
            if action is not None:
                yield from self._of_image(image, action)
        for text in self._new(task.errors):
            if text not in own:
                yield Event(Kind.MESSAGE, self._region, message=Message.error(text))
        if task.status != SYNCING:
            yield self._end(task)

    def _new(self, texts: list[str]) -> list[str]:
        new = [text for text in dict.fromkeys(texts) if text not in self._messages]
        self._messages.update(new)
        return new

    def _of_image(self, image: Result, action: Action) -> Iterator[Event]:
        before = self._images.get((image.name, image.action))
        self._images[image.name, image.action] = image
        if before == image:
            return

        def event(kind: Kind) -> Event:
            return Event(
                kind,
                self._region,
                image.name,
                action,
                way=image.way,
                size=image.size,
                done=image.bytes_done,
                seconds=image.seconds,
                message=Message.error(image.error) if image.error else None,
            )

        if image.state == "pending":
            yield event(Kind.PENDING)
            return
        if before is None:
            yield event(Kind.STARTED)
        yield event(_ENDS.get(image.state, Kind.PROGRESS))

    def _end(self, task: WholeTask) -> Event:
        return Event(
            Kind.REGION_FINISHED,
            self._region,
            size=task.bytes_total if task.dry_run else task.bytes_done,
            count=task.images_failed,
            undecided=task.undecided,
            in_step=not any(image.action in _TOLD for image in task.images),
            error=task.status == FAILED and not task.images_failed,
            dry=task.dry_run,
        )
