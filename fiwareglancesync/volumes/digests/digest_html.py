"""A digest as an HTML document for mail programs: inline styles, nothing remote, no scripts (volumes 6)."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from ...base.version import __version__
from .digest import DigestPage
from .digest_quota import QuotaLevel
from .digest_rows import Topic
from .digest_text import HEADINGS

TEMPLATE = "digest.html"

COLOURS = {
    Topic.FAILED: "#b3261e",
    Topic.LATE: "#9a5b00",
    Topic.SKIPPED: "#5f6368",
    Topic.UNPROTECTED: "#9a5b00",
    Topic.GOOD: "#1e6b3a",
    Topic.EXPIRED: "#5f6368",
}
"""Each is readable on white, and white on it."""

BAR_COLOURS = {
    QuotaLevel.LOW: ("#2e8b57", "#a6d3b8"),
    QuotaLevel.MEDIUM: ("#f2b90d", "#fae3a0"),
    QuotaLevel.HIGH: ("#c5221f", "#efb4b2"),
}
"""Of what is in use, and of what is reserved."""


def digest_html(page: DigestPage) -> str:
    """Write a digest as an HTML document.

    :param page: the arranged digest
    """
    return _template().render(
        page=page, headings=HEADINGS, colours=COLOURS, bar_colours=BAR_COLOURS, version=__version__, Topic=Topic
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)
