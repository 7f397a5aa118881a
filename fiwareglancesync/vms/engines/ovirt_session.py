"""A connection to an oVirt engine, whose errors are those of the program (vms 3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ...base.text import one_line
from ..backup_config import OvirtConnection
from ..vm_errors import EngineError, EngineUnreachable, MachineNotFound
from .ovirt_bindings import load_ovirt

REQUEST_SECONDS = 120
POLL_SECONDS = 2.0
CONFLICT = 409
OLDEST = (4, 3)
"""Version of the engine."""


class OvirtSession:
    """A connection; it may be used from several threads.

    :param connection: as the file has it
    :raises EngineUnreachable: the engine does not answer, is not the one of the certificates, or refuses the user
    :raises NotInstalled: the SDK is missing
    """

    def __init__(self, connection: OvirtConnection) -> None:
        self.sdk = load_ovirt()
        self._server = connection.server
        with self.errors(EngineUnreachable):
            self._connection = self.sdk.Connection(
                url=connection.server, username=connection.user_name, password=connection.password,
                ca_file=connection.ca_file or None, insecure=connection.insecure, timeout=REQUEST_SECONDS,
            )  # fmt: skip
        self.system: Any = self._connection.system_service()
        with self.errors(EngineUnreachable):
            self._check_version(self.system.get().product_info)

    def close(self) -> None:
        """End the connection."""
        with suppress(EngineError), self.errors(EngineError):
            self._connection.close()

    def _check_version(self, product: Any) -> None:
        version = None if product is None else product.version
        if version is None or version.major is None:
            raise EngineUnreachable(f"{self._server} is no oVirt engine")
        if (version.major, version.minor or 0) < OLDEST:
            found = f"{version.major}.{version.minor or 0}"
            raise EngineUnreachable(f"the engine {self._server} has version {found}, expected 4.3 or newer")

    @contextmanager
    def errors(self, kind: type[EngineError]) -> Iterator[None]:
        """Turn errors of the SDK into those of the program.

        :param kind: for a refusal that is not one of its own
        """
        try:
            yield
        except self.sdk.AuthError as error:
            raise EngineUnreachable(f"the engine {self._server} refuses the user: {one_line(str(error))}") from error
        except self.sdk.NotFoundError as error:
            raise MachineNotFound(f"the engine does not have it: {one_line(str(error))}") from error
        except (self.sdk.ConnectionError, self.sdk.TimeoutError) as error:
            raise EngineUnreachable(f"the engine {self._server} does not answer: {one_line(str(error))}") from error
        except self.sdk.Error as error:
            raise _of(error, kind, self._server) from error
        # What the SDK raises for an answer that is not of the API.
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise kind(f"the answer of {self._server} cannot be read: {one_line(str(error))}") from error

    def is_conflict(self, error: EngineError) -> bool:
        """Whether the engine refuses because something else is going on."""
        return getattr(error.__cause__, "code", None) == CONFLICT

    def wait_until(self, look: Callable[[], bool], deadline: float) -> bool:
        """Look until something is so, also while the engine is away; whether it is so in time.

        :param look: says whether it is so
        :param deadline: seconds of ``time.monotonic``
        :raises EngineUnreachable: the engine is away at the end
        """
        while True:
            away: EngineUnreachable | None = None
            try:
                if look():
                    return True
            except EngineUnreachable as error:
                away = error
            if time.monotonic() >= deadline:
                if away is not None:
                    raise away
                return False
            time.sleep(POLL_SECONDS)


def _of(error: Exception, kind: type[EngineError], server: str) -> EngineError:
    """The error of an answer that is none of the engine's, or of a refusal."""
    code = getattr(error, "code", None)
    text = one_line(str(error))
    # Without a code the connection broke, or the answer is not of the API.
    if code is None or code >= 500:
        return EngineUnreachable(f"the engine {server} does not answer as it should: {text}")
    return kind(text)
