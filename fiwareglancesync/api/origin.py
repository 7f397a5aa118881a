"""Requests for changes from pages of other origins are refused (sync 5.1).

A browser names the page's origin in ``Origin`` and ``Sec-Fetch-Site``, which no page can change; other clients send
neither. So a hostile page cannot use a server without authentication through the browser of its user.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from .auth import StartResponse, WSGIApplication, WSGIEnvironment, refuse

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that do not change anything."""

ALLOWED_FETCH_SITES = frozenset({"same-origin", "none"})
"""Values of ``Sec-Fetch-Site`` for the server's own pages, and for addresses that the user enters."""

PORTS = {"http": 80, "https": 443}

MAX_SHOWN_CHARACTERS = 200
"""Characters of a header that are shown."""

WebOrigin = tuple[str, str, int]
"""Scheme, host and port."""


def refuse_cross_origin_changes(app: WSGIApplication, public_url: str) -> WSGIApplication:
    """Refuse a request that changes something if a browser says that it comes from a page of another origin.

    Clients that send neither header are served.

    :param app: the application
    :param public_url: the server's address as users know it, "" when requests name it in ``Host``
    """

    def check(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        problem = None if environ["REQUEST_METHOD"] in SAFE_METHODS else _cross_origin_reason(environ, public_url)
        if problem is None:
            return app(environ, start)
        text = f"A page of another site may not change anything here: {problem}"
        return refuse(environ, start, 403, "403 Forbidden", "Forbidden", text)

    return check


def _cross_origin_reason(environ: WSGIEnvironment, public_url: str) -> str | None:
    """How the headers show that a request comes from another origin; None when they do not."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        own = public_url or f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        found, expected = origin_of(origin), origin_of(own)
        if found is None or found != expected:
            advice = "" if public_url else "; if that is this server's own address, set PUBLIC_URL to it"
            return f"Origin is {_shown(origin)}, expected {_shown(_origin_text(expected))}{advice}."
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site.strip().lower() not in ALLOWED_FETCH_SITES:
        return f"Sec-Fetch-Site is {_shown(site)}."
    return None


def origin_of(url: str) -> WebOrigin | None:
    """The origin of an address; None when it is not an http or https address (``null``, for example).

    :param url: as a browser or a setting has it
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return scheme, parts.hostname, PORTS[scheme] if port is None else port


def _origin_text(site: WebOrigin | None) -> str:
    if site is None:
        return "the server's own"
    scheme, host, port = site
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port == PORTS[scheme] else f"{scheme}://{name}:{port}"


def _shown(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")[:MAX_SHOWN_CHARACTERS] or "empty"
