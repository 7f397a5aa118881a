"""The way ``server`` in OpenStack: the Glance of a region fetches an image from that of the master (design 6)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ....base.errors import CloudError, Conflict, Forbidden, NotFound, Scope, TransferError, Unauthorized
from ....base.text import one_line
from ....base.waiting import pause
from ....openstack.answers import Operation, moment
from ....openstack.service import Call, Service
from ...model import Image
from .bodies import image_path
from .glance_answers import refused_store
from .image_documents import image_of

METHOD = "glance-download"
_LOCK = "os_glance_import_task"
_NOT_ALLOWED = frozenset((401, 403, 404, 405, 501))
"""Answers to an import that the next one would get too."""

_ENDED = frozenset(("success", "failure"))
"""The statuses of a task that has ended."""

_ABANDONED_SECONDS = 2 * 3600.0
"""Seconds without a change after which Glance itself gives up a task: its process has died."""

_USER_IN_URL = re.compile(r"//[^/\s@]*@")


@dataclass(frozen=True)
class Origin:
    """The image that is to be fetched.

    :param region: its region, as the catalog names it
    :param interface: the interface of the endpoint to be used (``public``, ``internal``, ``admin``)
    :param image: the image
    """

    region: str
    interface: str
    image: Image


class Imports:
    """The imports of one region.

    :param region: full name of the region
    :param store: store of a multi-store Glance, "" for its default
    """

    def __init__(self, service: Service, region: str, store: str) -> None:
        self._service = service
        self._region = region
        self._store = store
        self._asked = False
        self._why_unable: str | None = None

    def why_unable(self) -> str | None:
        """Why the region cannot import; None when it can. Glance is asked once, when there is something to move."""
        if not self._asked:
            self._why_unable = self._ask()
            self._asked = True
        return self._why_unable

    def fetch(self, image_id: str, origin: Origin, alive: Callable[[], None]) -> Image:
        """Import the content of an image and wait for the end.

        An error of the image alone means that another way may work. Any other error would stop the other ways too.

        :param image_id: an image in the state ``queued``
        :param alive: is called from time to time; what it raises ends the wait
        :return: the image, active
        :raises TransferError: the region refused, failed, or took too long; another way may work
        :raises CloudError: the region does not answer, or accepts no further image
        """
        try:
            known = {str(task["id"]) for task in self._tasks(image_id)}
            token = self._service.renew().token
            self._begin(image_id, origin, known)
            self._wait(image_id, origin.image.size or 0, known, token, alive)
            return self._wait_until_active(image_id, alive)
        except CloudError as error:
            if error.scope is not Scope.IMAGE:
                raise
            raise TransferError(f"the region does not fetch it: {error}") from error

    def is_running(self, image_id: str) -> bool:
        """Whether an import of an image is running, whichever process began it."""
        return self._running_task(image_id) is not None

    def await_end(self, image_id: str, size: int, alive: Callable[[], None]) -> bool:
        """Wait until no import of an image is running, up to a time limit from the beginning of the newest.

        :param size: bytes to be fetched, 0 when that is not known
        :param alive: is called from time to time; what it raises ends the wait
        :return: whether no import is running
        """
        tuning = self._service.tuning
        begun = time.monotonic()
        while (task := self._running_task(image_id)) is not None:
            left = tuning.time_to_fetch(size) - max(self._since(task, "created_at"), time.monotonic() - begun)
            if left <= 0:
                return False
            pause(min(left, tuning.next_poll(time.monotonic() - begun)), alive)
        return True

    def _running_task(self, image_id: str) -> Mapping[str, Any] | None:
        """The task of the import that is running; None when there is none."""
        try:
            task = _newest(self._tasks(image_id), ())
        except (NotFound, Forbidden):
            # There is no such image, or nobody can import here: the tasks are read before each import too.
            return None
        if task is None or task.get("status") in _ENDED or self._since(task, "updated_at") >= _ABANDONED_SECONDS:
            return None
        return task

    def _since(self, task: Mapping[str, Any], key: str) -> float:
        """Seconds, by the clock of the service, since a time in a task; 0 when the task does not have it."""
        said = task.get(key)
        then = moment(said) if isinstance(said, str) else None
        return max(0.0, self._service.now() - then) if then is not None else 0.0

    def _give_up(self, reason: str) -> None:
        """Note that no further image has to be tried."""
        self._asked, self._why_unable = True, reason

    def _ask(self) -> str | None:
        try:
            document = self._service.request(Call(Operation.GET, "GET", "/v2/info/import"))
        except CloudError as error:
            return f"the region does not say how it can import: {error}"
        methods = document.get("import-methods") if isinstance(document, dict) else None
        offered = methods.get("value") if isinstance(methods, dict) else None
        if isinstance(offered, list) and METHOD in offered:
            return None
        return f"the region's Glance does not offer {METHOD}"

    def _begin(self, image_id: str, origin: Origin, known: Collection[str]) -> None:
        """Request the import. The service uses the token until its end, so the token has to be new."""
        document: dict[str, Any] = {
            "method": {
                "name": METHOD,
                "glance_region": origin.region,
                "glance_image_id": origin.image.id,
                "glance_service_interface": origin.interface,
            }
        }
        if self._store:
            document["stores"] = [self._store]
        call = Call(Operation.IMPORT, "POST", f"{image_path(image_id)}/import", document)

        def attempt(number: int) -> None:
            try:
                self._service.request_once(call)
            except Conflict:
                # An attempt whose answer was lost may have begun it.
                if number == 1 or _newest(self._tasks(image_id), known) is None:
                    raise

        try:
            self._service.with_retries(attempt)
        except CloudError as error:
            refused_store(error, self._store, self._service)
            if error.status in _NOT_ALLOWED:
                self._give_up(f"the region does not let us import: {error}")
            if isinstance(error, Unauthorized):
                # The same token has just made the image: only the import is refused.
                raise TransferError(f"the region does not fetch it: {error}") from error
            raise

    def _wait(self, image_id: str, size: int, known: Collection[str], token: str, alive: Callable[[], None]) -> None:
        """Wait for the newest task to end. The image does not show it: it is ``queued`` before and after a failure."""
        tuning = self._service.tuning
        begun = time.monotonic()
        deadline = begun + tuning.time_to_fetch(size)
        while True:
            left = deadline - time.monotonic()
            pause(min(left, tuning.next_poll(time.monotonic() - begun, size)), alive)
            task = _newest(self._tasks(image_id), known)
            state = task.get("status") if task else None
            if state == "success":
                return
            if task and state == "failure":
                raise TransferError(f"the region failed to fetch it: {_reason(task, token)}")
            if time.monotonic() >= deadline:
                stuck = f"it had not fetched an image after {deadline - begun:.0f} s"
                self._give_up(f"the region's imports are stuck: {stuck}")
                raise TransferError(f"the region is stuck: {stuck} ({_state(task, token)})")

    def _wait_until_active(self, image_id: str, alive: Callable[[], None]) -> Image:
        """Wait until the image is active and Glance has removed the import lock.

        While the lock is there, the service may still write to the image. When the time limit has passed, an active
        image is returned even so.
        """
        tuning = self._service.tuning
        begun = time.monotonic()
        while True:
            document = self._service.request(Call(Operation.GET, "GET", image_path(image_id)))
            image = image_of(document, self._region)
            waited = time.monotonic() - begun
            if image.is_active and (_LOCK not in document or waited >= tuning.activation):
                return image
            if waited >= tuning.activation:
                raise TransferError(f"the region says that it has fetched it, but the image is {image.status}")
            pause(tuning.next_poll(waited), alive)

    def _tasks(self, image_id: str) -> list[dict[str, Any]]:
        """The tasks of the image; entries that make no sense are left out."""
        document = self._service.request(Call(Operation.GET, "GET", f"{image_path(image_id)}/tasks"))
        tasks = document.get("tasks") if isinstance(document, dict) else None
        listed = tasks if isinstance(tasks, list) else []
        return [task for task in listed if isinstance(task, dict) and isinstance(task.get("id"), str)]


def _newest(tasks: list[dict[str, Any]], known: Collection[str]) -> Mapping[str, Any] | None:
    """The newest task that is not known; of equally old ones the last."""
    new = [task for task in tasks if task["id"] not in known]
    return sorted(new, key=lambda task: str(task.get("created_at") or ""))[-1] if new else None


def _reason(task: Mapping[str, Any], token: str) -> str:
    """The reason in a failed task, in one line and without secrets."""
    said = task.get("message")
    text = one_line(_USER_IN_URL.sub("//", said.replace(token, "…"))) if isinstance(said, str) else ""
    return text or "its task says no reason"


def _state(task: Mapping[str, Any] | None, token: str) -> str:
    """The state of a task, for a message."""
    if task is None:
        return "it shows no task for it"
    message = _reason(task, token) if task.get("message") else ""
    state = one_line(str(task.get("status")))
    return f"its task is {state}: {message}" if message else f"its task is {state}"
