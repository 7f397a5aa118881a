"""Whether the server can do its work: its database, Keystone, the master's Glance and the tasks' broker, if any."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock

import requests

from ..base.errors import NotFound
from .api_service import ApiService
from .server_options import ExecutorKind

CHECK_TIMEOUT_SECONDS = 5.0
"""Seconds to wait for all checks together."""

CACHE_SECONDS = 3.0
"""Seconds for which an answer is given again."""

NO_IMAGE = "00000000-0000-0000-0000-000000000000"

OK, FAILED, LATE = "ok", "failed", "no answer"

log = logging.getLogger("glancesync.api")


class Health:
    """Checks what the server depends on; the reason of a failure is in the log, as anybody may ask for the checks."""

    def __init__(self, service: ApiService) -> None:
        self._service = service
        self._guard = Lock()
        self._until = 0.0
        self._found: dict[str, str] = {}

    def checks(self) -> dict[str, str]:
        """How each of them is: ``ok``, ``failed`` or ``no answer``."""
        with self._guard:
            if time.monotonic() >= self._until:
                self._found = self._look()
                self._until = time.monotonic() + CACHE_SECONDS
            return self._found

    def _look(self) -> dict[str, str]:
        checks: dict[str, Callable[[], None]] = {"database": self._service.store.ping, "master": self._master}
        if self._service.server.keystone is not None:
            checks["keystone"] = self._keystone
        if self._service.server.executor is ExecutorKind.CELERY:
            checks["broker"] = self._service.executor.check
        threads = ThreadPoolExecutor(len(checks), thread_name_prefix="health")
        try:
            asked = {name: threads.submit(_outcome, name, check) for name, check in checks.items()}
            ended, _ = wait(asked.values(), CHECK_TIMEOUT_SECONDS)
            return {name: future.result() if future in ended else LATE for name, future in asked.items()}
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _keystone(self) -> None:
        keystone = self._service.server.keystone
        assert keystone is not None  # noqa: S101 - asked only when there is one
        verify = not keystone.insecure and (keystone.cacert or True)
        requests.get(keystone.url, timeout=CHECK_TIMEOUT_SECONDS, verify=verify).close()

    def _master(self) -> None:
        reader = self._service.reader()
        place = reader.federation.place(reader.settings.master, reader.settings.master_region)
        try:
            place.get(NO_IMAGE)
        except NotFound:
            return  # it answers, and that is what was asked


def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the check has failed
        log.warning("Health: %s fails: %s", name, type(error).__name__)
        return FAILED
    return OK
