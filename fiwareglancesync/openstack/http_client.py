"""A client of an HTTP service that is in no catalog, for example another GlanceSync server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .credential import Credential
from .failures import FAILURES, from_exception
from .identity import Access, SignIn, with_renewal
from .refusals import Waits
from .retry import with_retries
from .transport import Transport, content
from .tuning import Tuning

T = TypeVar("T")

_MAX_ANSWER_BYTES = 2**26
"""Bytes of the longest answer that is read."""


@dataclass(frozen=True)
class HttpAnswer:
    """An answer, whatever its status.

    :param headers: their names in any case
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Requests to one service, with a token if there is an account.

    :param service: name of the service in messages
    :param address: without a slash at the end
    :param credential: the account; without ``auth_url`` no token is sent
    :param tuning: time limits of a request
    """

    def __init__(self, service: str, address: str, credential: Credential, tuning: Tuning) -> None:
        self._service = service
        self._address = address
        self._tuning = tuning
        self._transport = Transport(credential.cacert, credential.insecure, tuning)
        self._sign_in = SignIn(credential, Tuning(clock=tuning.clock), Waits()) if credential.auth_url else None

    @property
    def has_account(self) -> bool:
        """Whether requests can have a token."""
        return self._sign_in is not None

    def close(self) -> None:
        """Close the connections: a server may keep a thread for each."""
        self._transport.session.close()
        if self._sign_in is not None:
            self._sign_in.transport.session.close()

    def send(self, method: str, path: str, document: Any = None, *, token: str | None = None) -> HttpAnswer:
        """Send one request, once, and read its answer.

        :param path: below the address, already quoted
        :param document: sent as JSON, None for nothing
        :param token: None for a request without one
        :raises CloudError: there was no answer
        """
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["X-Auth-Token"] = token
        data = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(document).encode("ascii")
        deadline = time.monotonic() + self._tuning.control
        try:
            answer = self._transport.send(method, self._address + path, headers=headers, data=data)
            body = content(answer, most=_MAX_ANSWER_BYTES, deadline=deadline)
        except FAILURES as error:
            raise from_exception(error, self._service, self._address) from error
        return HttpAnswer(answer.status_code, answer.headers, body)

    def with_token(self, action: Callable[[str | None], T]) -> T:
        """Run an action with a token, and once more with a new one if the service refuses the first.

        :param action: gets the token, None without an account; it can be repeated
        """
        if self._sign_in is None:
            return action(None)

        def with_access(access: Access) -> T:
            return action(access.token)

        return with_renewal(with_access, self._sign_in.access, self._sign_in.reject)

    @staticmethod
    def repeat(action: Callable[[], T], tuning: Tuning) -> T:
        """Run an action again while its errors are retryable; see :func:`.retry.with_retries`.

        :param tuning: how often, and for how long
        """
        return with_retries(lambda _: action(), tuning)
