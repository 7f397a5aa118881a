"""Authentication: tokens are validated by keystonemiddleware around everything but the open routes (sync 5.1).

There are two WSGI branches: requests to open routes do not pass the middleware, all others do. The middleware
decides by itself (no delayed decision), so that a Keystone that is down is not reported as a token that is not valid.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..base.machine import is_loopback
from . import trace
from .error_answers import body_of
from .metrics import count_refused
from .server_settings import Keystone
from .tokens import TOKEN_CACHE_SECONDS, TokenCache

WSGIEnvironment = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApplication = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

CACHE = "glancesync.token_cache"
REACHED = "glancesync.reached"
USER = "glancesync.user"

OPEN_PATHS = frozenset({"/", "/health", "/openapi.json", "/docs", "/metrics"})
OPEN_FOLDER = "/docs/"

HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(:[0-9]+)?")

KEYSTONE_TIMEOUT_SECONDS = 10
"""Seconds to wait for Keystone."""

log = logging.getLogger("glancesync.api")


def with_authentication(app: WSGIApplication, keystone: Keystone, cache_folder: Path) -> WSGIApplication:
    """Have Keystone validate the token of each request to an application, its open routes excepted.

    :param app: the application
    :param keystone: the settings of the Keystone that validates tokens
    :param cache_folder: a private folder that all workers share
    """
    from keystonemiddleware.auth_token import AuthProtocol

    middleware = AuthProtocol(_with_role(app, keystone.roles), _configuration(keystone))
    protected = _with_error_format(middleware, TokenCache(cache_folder))

    def choose(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        is_open = path in OPEN_PATHS or path.startswith(OPEN_FOLDER)
        return (app if is_open else protected)(environ, start)

    return choose


def loopback_only(app: WSGIApplication) -> WSGIApplication:
    """Without authentication, refuse requests whose ``Host`` is not a loopback name of this machine.

    Otherwise the page of a website could reach the server through a name that its owner resolves to 127.0.0.1.

    :param app: the application
    """

    def check(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        host = HOST.fullmatch(environ.get("HTTP_HOST", ""))
        if host is not None and is_loopback(host["name"]):
            return app(environ, start)
        text = "Without Keystone settings the server answers requests to this machine's loopback names only."
        return refuse(environ, start, 403, "403 Forbidden", "Forbidden", text)

    return check


def _configuration(keystone: Keystone) -> dict[str, Any]:
    common = {
        "www_authenticate_uri": keystone.url,
        "auth_url": keystone.url,
        "delay_auth_decision": "False",
        "cache": CACHE,
        "token_cache_time": str(TOKEN_CACHE_SECONDS),
        "include_service_catalog": "False",
        "service_token_roles_required": "True",
        "http_connect_timeout": str(KEYSTONE_TIMEOUT_SECONDS),
        "http_request_max_retries": "1",
        "cafile": keystone.cacert or None,
        "insecure": str(keystone.insecure),
        "interface": "public",
    }
    if keystone.application_credential_id:
        return common | {
            "auth_type": "v3applicationcredential",
            "application_credential_id": keystone.application_credential_id,
            "application_credential_secret": keystone.application_credential_secret,
        }
    return common | {
        "auth_type": "password",
        "username": keystone.user,
        "password": keystone.password,
        "project_id": keystone.tenant_id or None,
        "project_name": None if keystone.tenant_id else keystone.tenant_name,
        "user_domain_name": keystone.user_domain,
        "project_domain_name": None if keystone.tenant_id else keystone.project_domain,
    }


def _with_role(app: WSGIApplication, roles: tuple[str, ...]) -> WSGIApplication:
    """Refuse requests whose token has none of the roles in its project."""

    def check(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ[REACHED].append(True)
        held = {role.strip().lower() for role in environ.get("HTTP_X_ROLES", "").split(",")}
        if held & {role.lower() for role in roles}:
            environ[USER] = environ.get("HTTP_X_USER_ID") or None
            return app(environ, start)
        text = f"The token lacks the role that is needed here: {' or '.join(roles)}."
        return refuse(environ, start, 401, "401 Unauthorized", "Unauthorized", text)

    return check


def _with_error_format(middleware: WSGIApplication, cache: TokenCache) -> WSGIApplication:
    """Give the middleware's own answers the form of all errors (sync 5.2); the application's are not changed."""

    def call(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        reached: list[bool] = []
        environ[CACHE] = cache
        environ[REACHED] = reached
        has_token = bool(environ.get("HTTP_X_AUTH_TOKEN", "").strip())
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def hold(status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
            if reached:
                return start(status, headers, info) if info else start(status, headers)
            begun.append((status, headers))
            return lambda data: None

        try:
            body = middleware(environ, hold)
        except Exception:  # whatever the library raises, the answer is that the token cannot be validated
            if reached:
                raise
            log.exception("The validation of a token failed")
            return _unavailable(environ, start)
        if reached:
            return body
        if hasattr(body, "close"):
            body.close()
        code = int(begun[0][0].split()[0]) if begun else 500
        if code != 401:
            return _unavailable(environ, start)
        challenges = [(name, value) for name, value in begun[0][1] if name.lower() == "www-authenticate"]
        text = (
            "The token is not valid, or has expired; get a new one."
            if has_token
            else "A token of Keystone is needed, in the header X-Auth-Token."
        )
        return refuse(environ, start, 401, "401 Unauthorized", "Unauthorized", text, challenges[:1])

    return call


def _unavailable(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    text = "Keystone does not answer, so the token cannot be validated; try again later."
    more = [("Retry-After", "10")]
    return refuse(environ, start, 503, "503 Service Unavailable", "Service unavailable", text, more)


def refuse(
    environ: WSGIEnvironment,
    start: StartResponse,
    code: int,
    status: str,
    message: str,
    text: str,
    more: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    """Refuse a request; it is logged and counted here, because it does not reach the application.

    :param code: HTTP status
    :param status: the same with its phrase
    :param message: what kind of error it is
    :param text: what is wrong and how to mend it
    :param more: further headers
    """
    method, name = environ["REQUEST_METHOD"], trace.name_of(environ.get("HTTP_X_REQUEST_ID", ""))
    trace.note(method, environ.get("PATH_INFO", ""), code, name)
    count_refused(method, code)
    body = body_of(code, message, text)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("X-Request-Id", name)]
    start(status, [*headers, *trace.HEADERS.items(), *more])
    return [body] if method != "HEAD" else []
