"""Requests for changes from pages of other sites are refused (sync 5.1).

A browser names the page's site in ``Origin`` and ``Sec-Fetch-Site``, which no page can change; other clients send
neither. So a hostile page cannot use a server without authentication through the browser of its user.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from .auth import StartResponse, WSGIApplication, WSGIEnvironment, refuse

UNCHANGING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that do not change anything."""

OWN_SITES = frozenset({"same-origin", "none"})
"""Values of ``Sec-Fetch-Site`` for the server's own pages, and for addresses that the user enters."""

PORTS = {"http": 80, "https": 443}

MAX_SHOWN_CHARACTERS = 200
"""Characters of a header that are shown."""

Site = tuple[str, str, int]
"""Scheme, host and port."""


def own_pages_only(app: WSGIApplication, public_url: str) -> WSGIApplication:
    """Refuse requests for changes from pages of other sites.

    :param app: the application
    :param public_url: the server's address as users know it, "" when requests name it in ``Host``
    """

    def check(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        problem = None if environ["REQUEST_METHOD"] in UNCHANGING else _foreign(environ, public_url)
        if problem is None:
            return app(environ, start)
        text = f"A page of another site may not change anything here: {problem}"
        return refuse(environ, start, 403, "403 Forbidden", "Forbidden", text)

    return check


def _foreign(environ: WSGIEnvironment, public_url: str) -> str | None:
    """Why a request comes from the page of another site; None when it does not."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        own = public_url or f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        found, expected = site_of(origin), site_of(own)
        if found is None or found != expected:
            advice = "" if public_url else "; if that is this server's own address, set PUBLIC_URL to it"
            return f"Origin is {_shown(origin)}, expected {_shown(_written(expected))}{advice}."
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None and site.strip().lower() not in OWN_SITES:
        return f"Sec-Fetch-Site is {_shown(site)}."
    return None


def site_of(url: str) -> Site | None:
    """The site that an address belongs to; None when it is no address of the web (``null``, for one).

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


def _written(site: Site | None) -> str:
    if site is None:
        return "the server's own"
    scheme, host, port = site
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port == PORTS[scheme] else f"{scheme}://{name}:{port}"


def _shown(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")[:MAX_SHOWN_CHARACTERS] or "empty"
