"""Signing in at a Keystone: one discovery and one token for all regions of a credential."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeVar

import requests
import urllib3.exceptions
from keystoneauth1 import exceptions as client_errors
from keystoneauth1 import session as sessions
from keystoneauth1.access import AccessInfo
from keystoneauth1.identity import v3

from ..base.errors import CloudError, Rejected, Scope, Throttled, Unauthorized, Unreachable
from .addresses import normalised, url_without_secrets
from .answers import Operation, from_answer, prefixed
from .auth_plugins import make_plugin
from .catalog import Catalog, read_catalog, with_overrides
from .credential import Credential
from .failures import from_exception, through_proxy
from .refusals import Waits, wait_for
from .retry import with_retries
from .sign_in_refusals import KEYSTONE, account, further_methods, other_versions, refused_sign_in, version_ids
from .transport import USER_AGENT, Transport, content
from .tuning import Tuning

T = TypeVar("T")

_SERVICE = "Keystone"
_MAX_ANSWER_BYTES = 2**20
_MIN_TOKEN_SECONDS = 120.0
"""Seconds for which a token must still be valid before a request, unless it was granted for less."""

_GIVEN_UP_SECONDS = 60.0
"""Seconds for which a Keystone that has refused for too long is not asked again."""

_VERSION_PATH = re.compile(r"/(v\d+(\.\d+)?)/*$", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """A token of a Keystone, and what it is for.

    :param project: id of the project
    :param catalog: the catalog, with the addresses that the configuration sets
    :param granted: when it was granted
    """

    token: str
    project: str
    catalog: Catalog
    user: str = ""
    user_name: str = ""
    project_name: str = ""
    granted: Granted | None = None

    def __repr__(self) -> str:
        return f"Access(project={self.project!r})"


@dataclass(frozen=True)
class Granted:
    """When a token was granted and how long it is valid, whatever the clock of this machine shows.

    :param at: value of the clock just before the request; a forked child has the same clock
    :param life: seconds, None when the Keystone does not state them
    :param issued: the time of Keystone's clock then, in seconds since the epoch, None when it does not state it
    """

    at: float
    life: float | None
    issued: float | None = None


def with_renewal(
    action: Callable[[Access], T], access: Callable[[], Access], reject: Callable[[Access], None]
) -> T:
    """Run an action with a token, and once more with a new one if the service refuses the first.

    :param action: can be repeated: it sends no body of bytes
    :param access: returns a valid token
    :param reject: forgets a token
    """
    present = access()
    try:
        return action(present)
    except Unauthorized:
        reject(present)
    return action(access())


class SignIn:
    """Signs in with one credential and keeps its token; several threads may use it.

    Messages of errors do not name the target, because several may share a credential; the caller adds it.

    :param waits: reports waits for the Keystone
    :param transport: the connections of another sign-in at the same Keystone, None for new ones
    """

    def __init__(
        self, credential: Credential, tuning: Tuning, waits: Waits, transport: Transport | None = None
    ) -> None:
        self._credential = credential
        self._tuning = tuning
        self._waits = waits
        self._lock = threading.Lock()
        self.transport = transport or _transport(credential, tuning)
        self._plugin: v3.Auth | None = None
        self._granted: Granted | None = None
        self._given_up: tuple[float, Throttled] | None = None
        self._access: Access | None = None
        # The library logs whole requests and answers; our own log (glancesync.http) has a line for each.
        logging.getLogger("keystoneauth").setLevel(logging.WARNING)

    def access(self, life: float = 0.0) -> Access:
        """The present token; signs in when there is none, or when it expires too soon.

        A token that was granted a moment ago is not renewed, however short its life is.

        :param life: seconds for which the token must still be valid
        :raises CloudError: there is no answer, or the Keystone refuses the credential
        """
        with self._lock:
            if self._access is None or self._ends_within(life):
                self._access = None
                try:
                    self._access = self._signed_in_unless_given_up()
                except CloudError as error:
                    error.scope = Scope.TARGET
                    raise
            return self._access

    def reject(self, access: Access) -> None:
        """Forget a token that a service did not accept, unless it has been renewed already."""
        with self._lock:
            if self._access is access:
                self._access = None

    def forked(self) -> None:
        """In a child process: keep the token, make new connections and locks."""
        self._lock = threading.Lock()
        self.transport = _transport(self._credential, self._tuning)
        if self._plugin is not None:
            self._plugin = make_plugin(self._credential, str(self._plugin.auth_url))

    def _ends_within(self, life: float) -> bool:
        """Whether the token expires within so many seconds; of a short one, only the last tenth counts."""
        granted = self._granted
        if granted is None or granted.life is None:
            return False
        left = granted.at + granted.life - self._tuning.clock()
        return left < min(max(life, _MIN_TOKEN_SECONDS), granted.life * 0.9)

    def _signed_in_unless_given_up(self) -> Access:
        """Sign in. Soon after a Keystone has refused for too long, it is not waited for again."""
        if self._given_up is not None and self._tuning.clock() - self._given_up[0] < _GIVEN_UP_SECONDS:
            raise self._given_up[1]
        try:
            return self._signed_in()
        except Throttled as error:
            self._given_up = self._tuning.clock(), error
            raise

    def _signed_in(self) -> Access:
        """Get a token, and before the first one the address of version 3."""
        if self._plugin is None:
            self._plugin = make_plugin(self._credential, self._persist(self._discover))
        plugin = self._plugin
        granted, self._granted = self._persist(lambda: self._timed(plugin))
        if not granted.project_id:
            text = f"{self._where} gives no project to {account(self._credential)}; name one (OS_PROJECT_NAME, tenant)"
            raise Rejected(text, scope=Scope.REGION)
        if not granted.auth_token:
            raise Rejected(f"{self._where} sent no token", scope=Scope.REGION)
        services = granted.service_catalog.catalog if granted.has_service_catalog() else None
        catalog = with_overrides(read_catalog(services, self._credential.interfaces), self._credential.overrides)
        return Access(
            granted.auth_token,
            granted.project_id,
            catalog,
            granted.user_id or "",
            granted.username or "",
            granted.project_name or "",
            self._granted,
        )

    def _persist(self, action: Callable[[], T]) -> T:
        return with_retries(lambda _: action(), self._tuning, report=self._report_wait)

    def _report_wait(self, seconds: float, error: Throttled) -> None:
        # The error names the Keystone.
        self._waits.report(self._where, wait_for("", "", seconds, error))

    def _discover(self) -> str:
        """Find version 3 of the Keystone, whatever form its configured address has.

        Addresses in the version document are not used: a password is sent only to the configured host.

        :return: the address of version 3
        """
        url = self._credential.auth_url.strip().rstrip("/")
        try:
            normalised(url)
        except ValueError as error:
            text = f"{self._where}: this is no usable http or https address"
            raise Unreachable(text, retryable=False) from error
        stated = _VERSION_PATH.search(url)
        if stated and stated.group(1).lower().startswith("v3"):
            return url
        root = url[: stated.start()] if stated else url
        try:
            answer = self.transport.send("GET", f"{root}/", headers={"Accept": "application/json"})
            body = content(answer, most=_MAX_ANSWER_BYTES)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise from_exception(error, _SERVICE, url, is_first=True) from error
        failure = from_answer(KEYSTONE, Operation.SIGN_IN, answer.status_code, answer.headers, body)
        if answer.status_code >= 500 or isinstance(failure, Throttled):
            raise prefixed(failure, self._where)
        if not any(version.startswith("v3") for version in version_ids(body)):
            raise other_versions(self._where, answer.status_code, body)
        return f"{root}/v3"

    def _timed(self, plugin: v3.Auth) -> tuple[AccessInfo, Granted]:
        """Request a token, once, and note how long it is valid."""
        begun = self._tuning.clock()
        granted = self._ask(plugin)
        issued = None if granted.issued is None else _utc(granted.issued).timestamp()
        return granted, Granted(begun, _life_of(granted), issued)

    def _ask(self, plugin: v3.Auth) -> AccessInfo:
        """Request a token, once."""
        transport = self.transport
        session = sessions.Session(
            session=transport.session,
            verify=transport.verify,
            cert=transport.cert,
            user_agent=USER_AGENT,
            redirect=False,
        )
        try:
            granted = plugin.get_auth_ref(session)
            # The library parses them only when they are read: errors in them have to show here.
            _ = granted.issued, granted.expires
            return granted
        except client_errors.HttpError as error:
            raise self._refused(error) from error
        except client_errors.MissingAuthMethods as error:
            raise further_methods(self._where, self._credential, error.required_auth_methods) from error
        except client_errors.InvalidResponse as error:
            answer = error.response
            if answer is not None and answer.status_code >= 300:
                strange = from_answer(KEYSTONE, Operation.SIGN_IN, answer.status_code, answer.headers, b"")
                raise prefixed(strange, self._where) from error
            text = f"{self._where} does not answer like a Keystone; check host, port and path"
            raise Rejected(text, scope=Scope.REGION) from error
        except (client_errors.ClientException, urllib3.exceptions.HTTPError, OSError) as error:  # requests' are OSError
            is_first = self._granted is None
            raise from_exception(error, _SERVICE, str(plugin.auth_url), is_first=is_first) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Rejected(f"{self._where} sent a malformed token", scope=Scope.REGION) from error

    def _refused(self, error: client_errors.HttpError) -> CloudError:
        """The error of a refused sign-in."""
        status, answer = error.http_status or 0, error.response
        if answer is None:
            return Unreachable(f"{self._where} failed (HTTP {status})", status=status)
        return refused_sign_in(self._where, self._credential, status, answer.headers, answer.content)

    @property
    def _where(self) -> str:
        url = self._credential.auth_url.strip()
        return f"{_SERVICE} at {url_without_secrets(url)}{through_proxy(url)}"


def _transport(credential: Credential, tuning: Tuning) -> Transport:
    cert = (credential.cert, credential.key) if credential.key else credential.cert or None
    return Transport(credential.cacert, credential.insecure, tuning, cert)


def _life_of(granted: AccessInfo) -> float | None:
    """Seconds from the grant of a token to its end, by the clock of the Keystone; None when it does not state them."""
    if granted.issued is None or granted.expires is None:
        return None
    life = (_utc(granted.expires) - _utc(granted.issued)).total_seconds()
    return life if life > 0 else None


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
