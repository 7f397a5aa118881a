"""Signing in at a Keystone: one discovery and one token for all regions of a credential."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeVar

import requests
import urllib3.exceptions
from keystoneauth1 import exceptions as refusals
from keystoneauth1 import session as sessions
from keystoneauth1.access import AccessInfo
from keystoneauth1.identity import v3
from keystoneauth1.loading import get_plugin_loader

from ..base.errors import CloudError, Rejected, Scope, Throttled, Unauthorized, Unreachable
from .addresses import normalised, public_url
from .answers import Operation, from_answer, prefixed
from .catalog import Catalog, dicts, read_catalog
from .credential import Credential
from .failures import from_exception
from .keystone_answers import KEYSTONE
from .overrides import overridden
from .refusals import Waits, wait_for
from .retry import persist
from .transport import USER_AGENT, Transport, content
from .tuning import Tuning

T = TypeVar("T")

_SERVICE = "Keystone"
_MAX_ANSWER_BYTES = 2**20
_MIN_TOKEN_SECONDS = 120.0
"""Seconds that a token must still last for any request, if it has lasted longer when it was granted."""

_GIVEN_UP_SECONDS = 60.0
"""Seconds for which a Keystone that was waited for in vain is not asked again."""

_VERSION_PATH = re.compile(r"/(v\d+(\.\d+)?)/*$", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """What a Keystone granted.

    :param project: id of the project that the token is for
    :param catalog: what its catalog says
    :param endpoints: address of the image service by region: the configuration's, else the catalog's
    """

    token: str
    project: str
    catalog: Catalog
    endpoints: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Access(project={self.project!r})"


@dataclass(frozen=True)
class _Granted:
    """When a token was granted and how long it lasts; this machine's time of day has no part in it.

    :param at: value of ``time.monotonic()`` just before it was asked for; a forked child reads the same clock
    :param life: seconds, None when the Keystone does not tell
    """

    at: float
    life: float | None


class SignIn:
    """One credential's standing with its Keystone; safe to use from several threads.

    No message of an error names the target, for several may share a credential: the caller adds that.

    :param waits: told when the Keystone is waited for
    """

    def __init__(self, credential: Credential, tuning: Tuning, waits: Waits) -> None:
        self._credential = credential
        self._tuning = tuning
        self._waits = waits
        self._lock = threading.Lock()
        self.transport = _transport(credential, tuning)
        self._plugin: v3.Auth | None = None
        self._granted: _Granted | None = None
        self._given_up: tuple[float, Throttled] | None = None
        self._access: Access | None = None
        # The library logs whole requests and answers; ours (glancesync.http) tells what is worth telling.
        logging.getLogger("keystoneauth").setLevel(logging.WARNING)

    def access(self, life: float = 0.0) -> Access:
        """What the present token grants; signs in when there is none, or when it ends too soon.

        A token that was granted a moment ago is not renewed, however short its life is.

        :param life: seconds that the token must still last
        :raises CloudError: the Keystone cannot be asked or refuses the credential
        """
        with self._lock:
            if self._access is None or self._ends_within(life):
                self._access = None
                try:
                    self._access = self._signed_in_unless_given_up()
                except CloudError as error:
                    error.scope = Scope.RUN
                    raise
            return self._access

    def reject(self, access: Access) -> None:
        """Forget a token that a service did not accept, unless another has taken its place already."""
        with self._lock:
            if self._access is access:
                self._access = None

    def forked(self) -> None:
        """In a child process: keep the token, take new connections and locks."""
        self._lock = threading.Lock()
        self.transport = _transport(self._credential, self._tuning)
        if self._plugin is not None:
            self._plugin = self._make_plugin(str(self._plugin.auth_url))

    def _ends_within(self, life: float) -> bool:
        """Whether the token has less life left than it must have, its own youth considered."""
        granted = self._granted
        if granted is None or granted.life is None:
            return False
        left = granted.at + granted.life - time.monotonic()
        return left < min(max(life, _MIN_TOKEN_SECONDS), granted.life * 0.9)

    def _signed_in_unless_given_up(self) -> Access:
        """Sign in; whoever comes soon after a Keystone was waited for in vain does not wait all over again."""
        if self._given_up is not None and time.monotonic() - self._given_up[0] < _GIVEN_UP_SECONDS:
            raise self._given_up[1]
        try:
            return self._signed_in()
        except Throttled as error:
            self._given_up = time.monotonic(), error
            raise

    def _signed_in(self) -> Access:
        """Get a token, and before the first one the address of version 3."""
        if self._plugin is None:
            self._plugin = self._make_plugin(self._persist(self._discover))
        plugin = self._plugin
        granted, self._granted = self._persist(lambda: self._timed(plugin))
        if not granted.project_id:
            raise Rejected(f"{self._where} gives no project to {self._who}; name one", scope=Scope.REGION)
        if not granted.auth_token:
            raise Rejected(f"{self._where} sent no token", scope=Scope.REGION)
        services = granted.service_catalog.catalog if granted.has_service_catalog() else None
        catalog = read_catalog(services, interfaces_of(self._credential))
        endpoints = overridden(catalog.endpoints, catalog.regions, self._credential)
        return Access(granted.auth_token, granted.project_id, catalog, endpoints)

    def _persist(self, action: Callable[[], T]) -> T:
        return persist(lambda _: action(), self._tuning, report=self._report_wait)

    def _report_wait(self, seconds: float, error: Throttled) -> None:
        # The error names the Keystone.
        self._waits.report(self._where, wait_for("", "", seconds, error))

    def _discover(self) -> str:
        """Find version 3 of the Keystone, whatever form its configured address has.

        Of the version document only the fact is used, never an address: a password goes nowhere but to the
        host that was configured.

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
            raise from_exception(error, _SERVICE, url) from error
        failure = from_answer(KEYSTONE, Operation.SIGN_IN, answer.status_code, answer.headers, body)
        if answer.status_code >= 500 or isinstance(failure, Throttled):
            raise prefixed(failure, self._where)
        versions = _versions(body)
        if not any(version.startswith("v3") for version in versions):
            found = f"offers {', '.join(versions)}" if versions else f"is none (HTTP {answer.status_code})"
            raise Rejected(
                f"{self._where} {found}; version 3 is needed", status=answer.status_code, scope=Scope.REGION
            )
        return f"{root}/v3"

    def _make_plugin(self, url: str) -> v3.Auth:
        given = self._credential
        if given.auth_type:
            return _loaded_plugin(given, url)
        if given.application_credential_secret:
            by_name = not given.application_credential_id
            return v3.ApplicationCredential(
                url,
                application_credential_secret=given.application_credential_secret,
                application_credential_id=given.application_credential_id or None,
                application_credential_name=given.application_credential_name if by_name else None,
                **(_user(given) if by_name else {}),
            )
        return v3.Password(url, password=given.password, **_user(given), **_project(given))

    def _timed(self, plugin: v3.Auth) -> tuple[AccessInfo, _Granted]:
        """Ask for a token, once, and note how long it lasts."""
        begun = time.monotonic()
        granted = self._ask(plugin)
        return granted, _Granted(begun, _life_of(granted))

    def _ask(self, plugin: v3.Auth) -> AccessInfo:
        """Ask for a token, once."""
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
            # The library reads them when it is asked: what makes no sense is to be noticed here.
            _ = granted.issued, granted.expires
            return granted
        except refusals.HttpError as error:
            raise self._refused(error) from error
        except refusals.InvalidResponse as error:
            answer = error.response
            if answer is not None and answer.status_code >= 300:
                strange = from_answer(KEYSTONE, Operation.SIGN_IN, answer.status_code, answer.headers, b"")
                raise prefixed(strange, self._where) from error
            raise Rejected(f"{self._where} does not answer like one", scope=Scope.REGION) from error
        except refusals.ClientException as error:
            raise from_exception(error, _SERVICE, str(plugin.auth_url)) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise from_exception(error, _SERVICE, str(plugin.auth_url)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Rejected(f"{self._where} sent a malformed token", scope=Scope.REGION) from error

    def _refused(self, error: refusals.HttpError) -> CloudError:
        """Word the refusal of a sign-in, so that it tells what to look at."""
        status = error.http_status or 0
        if status == 401:
            return Unauthorized(
                f"{self._where} refused the credential of {self._who} (401);"
                " check name, password, project and their domains",
                status=401,
            )
        if status == 404:
            return Rejected(f"{self._where}: no Keystone v3 there (404)", status=404, scope=Scope.REGION)
        answer = error.response
        if answer is not None:
            refusal = from_answer(KEYSTONE, Operation.SIGN_IN, status, answer.headers, answer.content)
            return prefixed(refusal, self._where)
        return Unreachable(f"{self._where} failed (HTTP {status})", status=status)

    @property
    def _where(self) -> str:
        return f"{_SERVICE} at {public_url(self._credential.auth_url.strip())}"

    @property
    def _who(self) -> str:
        given = self._credential
        if given.application_credential_secret:
            name = given.application_credential_id or given.application_credential_name
            return f"application credential {name}"
        user = given.username or given.user_id
        return f"user {user}" if user else f"auth_type {given.auth_type}"


def interfaces_of(credential: Credential) -> list[str]:
    """Which of a service's endpoints a credential uses, as the catalog calls them, the preferred one first."""
    return [word.removesuffix("URL").lower() for word in (credential.interface or "public").split(",")]


def _transport(credential: Credential, tuning: Tuning) -> Transport:
    cert = (credential.cert, credential.key) if credential.key else credential.cert or None
    return Transport(credential.cacert, credential.insecure, tuning, cert)


def _user(given: Credential) -> dict[str, Any]:
    """Who signs in, as keystoneauth's plugins take it."""
    if given.user_id:
        return {"user_id": given.user_id}
    domain = given.user_domain_name or ("" if given.user_domain_id else "Default")
    return {
        "username": given.username or None,
        "user_domain_id": given.user_domain_id or None,
        "user_domain_name": domain or None,
    }


def _project(given: Credential) -> dict[str, Any]:
    """What the token is to be for, likewise."""
    if given.project_id:
        return {"project_id": given.project_id}
    domain = given.project_domain_name or ("" if given.project_domain_id else "Default")
    return {
        "project_name": given.project_name,
        "project_domain_id": given.project_domain_id or None,
        "project_domain_name": domain or None,
    }


def _loaded_plugin(given: Credential, url: str) -> v3.Auth:
    """A plugin of keystoneauth's for a way to sign in that needs no code of ours."""
    options = {**_user(given), **_project(given), "password": given.password, "auth_url": url}
    options |= dict(given.auth_options)
    try:
        loader: Any = get_plugin_loader(given.auth_type)
        taken = {option.dest for option in loader.get_options()}
        stated = {name: value for name, value in options.items() if name in taken and value}
        if "client_secret" in taken:
            stated.setdefault("client_secret", None)  # a public client has none, but has to say so
        plugin: v3.Auth = loader.load_from_options(**stated)
    except refusals.ClientException as error:
        raise Rejected(f"auth_type {given.auth_type} cannot be used: {error}", scope=Scope.RUN) from error
    return plugin


def _life_of(granted: AccessInfo) -> float | None:
    """Seconds from the granting of a token to its end, both by the Keystone's clock; None when it does not tell."""
    if granted.issued is None or granted.expires is None:
        return None
    life = (_utc(granted.expires) - _utc(granted.issued)).total_seconds()
    return life if life > 0 else None


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _versions(body: bytes) -> list[str]:
    """The identifiers of the versions that a version document lists; none for anything else."""
    try:
        document = json.loads(body)
    except ValueError:
        return []
    if not isinstance(document, dict):
        return []
    versions = document.get("versions")
    listed = versions.get("values") if isinstance(versions, dict) else versions
    return [str(each["id"]) for each in dicts(listed or [document.get("version")]) if "id" in each]
