"""HTTP connections: pooled, with time limits and a log."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import requests
import requests.adapters
import urllib3
import urllib3.connection

from ..base.version import __version__
from .addresses import url_without_secrets
from .connections import POOL_CLASSES
from .outgoing import Outgoing
from .tuning import Tuning

USER_AGENT = f"glancesync/{__version__}"
_LOG = logging.getLogger("glancesync.http")
_POOLS = 128


class _Adapter(requests.adapters.HTTPAdapter):
    """Our connections for ``requests``: every request has a time-out and a line in the log."""

    def __init__(self, tuning: Tuning) -> None:
        self._timeout = (tuning.connect, tuning.control)
        super().__init__(pool_connections=_POOLS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = [*urllib3.connection.HTTPConnection.default_socket_options]
        # A store may work for minutes after the last byte: without probes, firewalls drop the connection.
        options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        super().init_poolmanager(*args, socket_options=options, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOL_CLASSES
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        if not _LOG.isEnabledFor(logging.DEBUG):
            return super().send(request, *args, **kwargs)
        begun = time.monotonic()
        result = "failed"
        try:
            response = super().send(request, *args, **kwargs)
            identifier = response.headers.get("x-openstack-request-id", "")
            result = f"{response.status_code} {identifier}".rstrip()
            return response
        finally:
            query = (request.url or "").partition("?")[2]
            url = url_without_secrets(request.url or "") + (f"?{query}" if query else "")
            _LOG.debug("%s %s: %s in %.3f s", request.method, url, result, time.monotonic() - begun)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The authentication of a session whose requests have their tokens already.

    Without it, ``requests`` would add what ``~/.netrc`` holds for the host.
    """
    return request


class Transport:
    """The connections to the services of one credential.

    :param cacert: file with the trusted authorities, "" for those of the system
    :param insecure: trust any certificate
    :param cert: file with a client certificate and its key, or a file for each; None for none
    """

    def __init__(
        self, cacert: str, insecure: bool, tuning: Tuning, cert: str | tuple[str, str] | None = None
    ) -> None:
        self._tuning = tuning
        self.session = requests.Session()
        adapter = _Adapter(tuning)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.session.auth = _as_it_is
        self.session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self.verify: bool | str = cacert or True
        self.cert = cert
        if insecure:
            self.verify = False
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: bytes | Outgoing | None = None,
        timeout: float | None = None,
    ) -> requests.Response:
        """Send one request, once: it is not repeated, not redirected, and does not sign in.

        :param timeout: seconds to wait for the answer, None for the time of a request without a body of bytes
        :return: the answer, whatever its status, not yet read
        :raises SourceFailed: the source of the body failed
        :raises requests.RequestException: and others of the libraries, for the mapper
        """
        wait = self._tuning.control if timeout is None else timeout
        return self.session.request(
            method,
            url,
            headers=dict(headers),
            data=cast("bytes | None", data),
            timeout=(min(self._tuning.connect, wait), wait),
            verify=self.verify,
            cert=self.cert,
            allow_redirects=False,
            stream=True,
        )


def content(response: requests.Response, *, most: int, deadline: float | None = None) -> bytes:
    """Read the content of an answer, in limited time and memory.

    :param most: bytes after which reading ends
    :param deadline: value of ``time.monotonic()`` after which :class:`TimeoutError` is raised, even while bytes arrive
    :return: the bytes, about ``most`` at most
    """
    read: Callable[..., bytes] = response.raw.read1
    parts: list[bytes] = []
    length = 0
    while length < most:
        if deadline is not None and time.monotonic() > deadline:
            response.close()
            raise TimeoutError("the answer is too slow")
        piece = read(2**18, decode_content=False)
        if not piece:
            return b"".join(parts)
        parts.append(piece)
        length += len(piece)
    response.close()
    return b"".join(parts)
