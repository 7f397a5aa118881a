"""Requests to one service of a region: with a token, repeated when that is safe, each failure as one of our errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from ..base.errors import CloudError, NotFound, Redirected, Scope, Throttled, Unauthorized
from .answers import Operation, Row, from_answer, moment, prefixed
from .failures import FAILURES, from_exception
from .identity import Access, SignIn, with_renewal
from .outgoing import Outgoing, SourceFailed
from .refusals import Waits, wait_for
from .retry import Deadline, with_retries
from .transport import Transport, content
from .tuning import Tuning

T = TypeVar("T")

_MAX_ERROR_BYTES = 2**16
_MAX_DOCUMENT_BYTES = 2**28


@dataclass(frozen=True)
class ServiceKind:
    """What differs between the services of OpenStack.

    :param type: type of the service in catalogs
    :param name: name of the service in messages
    :param answers: what its refusals mean
    :param headers: sent with every request, for example the microversion
    """

    type: str
    name: str
    answers: tuple[Row, ...]
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Call:
    """One request to a service.

    :param operation: its kind, for the mapper of errors
    :param path: below the address, with the version, already quoted
    :param document: what is sent as JSON, None for nothing
    :param kind: media type of the document
    """

    operation: Operation
    method: str
    path: str
    document: Any = None
    kind: str = "application/json"


class Service:
    """One service of one region, used with one credential.

    :param kind: the service
    :param region: full name of the region
    :param target: name of the target, for messages about signing in
    :param address: as :func:`~.addresses.normalised` makes it
    :param waits: reports waits for the service
    """

    def __init__(
        self,
        kind: ServiceKind,
        region: str,
        target: str,
        sign_in: SignIn,
        address: str,
        tuning: Tuning,
        waits: Waits,
    ) -> None:
        self._kind = kind
        self._region = region
        self._target = target
        self._sign_in = sign_in
        self.address = address
        self.tuning = tuning
        self._waits = waits
        self._time = (time.time(), time.monotonic())

    def now(self) -> float:
        """The time of the service's clock, in seconds since the epoch; before its first answer that of this machine."""
        epoch, since = self._time
        return epoch + time.monotonic() - since

    def request(self, call: Call, deadline: Deadline | None = None) -> Any:
        """Send a request and decode its answer; repeat it while its errors are retryable.

        :param deadline: when the answer must be complete
        :return: the decoded document, None when the answer has no content
        """
        return with_retries(
            lambda _: self.request_once(call, deadline), self.tuning, deadline=deadline, report=self._report_wait
        )

    def request_once(self, call: Call, deadline: Deadline | None = None) -> Any:
        """Send a request once; only an expired token is renewed, once.

        :raises CloudError: the service refused or failed
        """
        return self.renewing(lambda access: self._exchange(call, access, deadline))

    def request_without_renewal(self, call: Call) -> Any:
        """Send a request exactly once, even when the service refuses the token; the next request has a new one then.

        For requests that make something: whoever sends one twice may get two.

        :raises CloudError: the service refused or failed
        """
        access = self.access()
        try:
            return self._exchange(call, access, None)
        except Unauthorized:
            self.reject(access)
            raise

    def renewing(self, action: Callable[[Access], T]) -> T:
        """Run an action with a token, and once more with a new one if the service refuses the first.

        Only for actions that may be repeated: never one that sends a body of bytes.
        """
        return with_renewal(action, self.access, self.reject)

    def with_retries(self, action: Callable[[int], T]) -> T:
        """Run an action again while its errors are retryable; see :func:`.retry.with_retries`."""
        return with_retries(action, self.tuning, report=self._report_wait)

    def access(self, life: float = 0.0) -> Access:
        """A valid token.

        :param life: seconds for which it must still be valid
        """
        try:
            return self._sign_in.access(life)
        except CloudError as error:
            raise prefixed(error, f"target {self._target}") from error

    def renew(self) -> Access:
        """A new token: for a service that goes on using it long after the request."""
        self.reject(self.access())
        return self.access()

    def reject(self, access: Access) -> None:
        """Forget a token, so that the next request has a new one."""
        self._sign_in.reject(access)

    def send(
        self,
        method: str,
        path: str,
        access: Access,
        *,
        headers: Mapping[str, str],
        data: bytes | Outgoing | None = None,
        timeout: float | None = None,
    ) -> requests.Response:
        """Send one request, once, and return its answer unread, whatever its status.

        :raises CloudError: there was no answer
        :raises SourceFailed: the body's source failed
        """
        transport: Transport = self._sign_in.transport
        url = self.address + path
        try:
            answer = transport.send(
                method, url, headers={**headers, "X-Auth-Token": access.token}, data=data, timeout=timeout
            )
        except SourceFailed:
            raise
        except FAILURES as error:
            raise from_exception(error, self._kind.name, self.address) from error
        date = moment(answer.headers.get("date", ""))
        if date is not None:
            self._time = (date, time.monotonic())
        return answer

    def failure(self, operation: Operation, answer: requests.Response) -> CloudError:
        """Read the answer to a failed request and make its error."""
        try:
            body = content(answer, most=_MAX_ERROR_BYTES, deadline=time.monotonic() + self.tuning.control)
        except FAILURES:
            # The explanation is incomplete, but the status is known.
            body = b""
        finally:
            answer.close()
        return from_answer(self._kind.answers, operation, answer.status_code, answer.headers, body)

    def mapping_errors(self, action: Callable[[], T]) -> T:
        """Run something that reads an answer; exceptions of the library become our errors."""
        try:
            return action()
        except FAILURES as error:
            raise from_exception(error, self._kind.name, self.address) from error

    def _report_wait(self, seconds: float, error: Throttled) -> None:
        self._waits.report(self.address, wait_for(f"{self._region}: {self._kind.name}", self._region, seconds, error))

    def _exchange(self, call: Call, access: Access, deadline: Deadline | None) -> Any:
        headers = {"Accept": "application/json", **self._kind.headers}
        data = None
        if call.document is not None:
            headers["Content-Type"] = call.kind
            data = json.dumps(call.document).encode("ascii")
        if deadline is None:
            deadline = Deadline(self.tuning.control)
        timeout = max(0.001, deadline.moment - time.monotonic())
        answer = self.send(call.method, call.path, access, headers=headers, data=data, timeout=timeout)
        if not _is_success(call.operation, answer.status_code):
            error = self.failure(call.operation, answer)
            if call.operation is Operation.LIST and isinstance(error, NotFound | Redirected):
                # Probably the address is wrong, in the catalog or in the configuration.
                error = prefixed(error, f"{self._kind.name} at {self.address}{call.path.partition('?')[0]}")
            raise error
        body = self.mapping_errors(lambda: content(answer, most=_MAX_DOCUMENT_BYTES, deadline=deadline.moment))
        return _decoded(body, call.operation)


def _is_success(operation: Operation, status: int) -> bool:
    """Whether a status means that all went well; a page of a listing counts only with 200."""
    return status == 200 if operation is Operation.LIST else 200 <= status < 300


def _decoded(body: bytes, operation: Operation) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        scope = Scope.REGION if operation is Operation.LIST else Scope.IMAGE
        raise CloudError("malformed answer: not JSON", scope=scope) from error
