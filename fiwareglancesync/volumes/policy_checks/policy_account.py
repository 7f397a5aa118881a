"""The id of the account that makes our backups, found out beside the requests to the policy server (volumes 5)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import chain, repeat

from ...base.errors import GlanceSyncError
from ...base.text import printable

RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between two attempts; the last is repeated."""

log = logging.getLogger("glancesync.policy")


class AccountId:
    """The id of a user, as stated or else as Keystone says when the account signs in.

    Signing in is done in a thread of its own, again and again until it has succeeded once: no request waits for
    Keystone. A process that was forked starts its own thread.

    :param stated: the id, "" when it is not configured
    :param sign_in: signs in, and returns the id
    :param sleep: waits for so many seconds
    """

    def __init__(
        self, stated: str, sign_in: Callable[[], str], sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._id = stated
        self._sign_in = sign_in
        self._sleep = sleep
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def find(self) -> str:
        """The id, "" as long as it is not known; then it is being looked for."""
        if not self._id:
            with self._guard:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._look, name="policy-account", daemon=True)
                    self._thread.start()
        return self._id

    def _look(self) -> None:
        reported = ""
        for seconds in chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1])):
            try:
                self._id = self._sign_in()
                log.info("The id of the account is %s", printable(self._id))
                return
            except GlanceSyncError as error:
                problem = printable(str(error))
            except Exception as error:  # noqa: BLE001 - without the id no deletion is allowed, so it is tried again
                problem = type(error).__name__
            if problem != reported:
                log.error("The id of the account is not known, so no deletion is allowed: %s", problem)
                reported = problem
            self._sleep(seconds)
