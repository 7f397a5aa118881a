"""A digest as HTML: nothing breaks out of its text, and nothing is loaded (volumes 6)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fiwareglancesync.base.text import escaped
from fiwareglancesync.volumes.digests.digest import project_page, whole_page
from fiwareglancesync.volumes.digests.digest_html import COLOURS, digest_html
from fiwareglancesync.volumes.digests.digest_rows import Topic
from tests.support.digests import QUIET, USUAL, WEB, of_names

Tag = tuple[str, tuple[tuple[str, str | None], ...]]


class Parsed(HTMLParser):
    """The tags of a document with their attributes, and its texts."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.others: list[str] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)


HOSTILE = [
    "<script>alert(1)</script>",
    "</title></head><body onload=x>",
    "\"><img src=x onerror=y>'",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;&amp;",
    "a\r\nb\x00\x1b[31m\u2028\ud800",
    "\u202eevil\u200f\u2066 אבג",
    "👩‍👩‍👧📦",
    "x" * 255,
]


@given(st.text(), st.text())
@example(HOSTILE[0], HOSTILE[1])
@example("--><!--", "<![CDATA[")
def test_no_name_and_no_text_becomes_markup(name: str, text: str) -> None:
    given_name, reason = name or "x", text
    document = digest_html(whole_page(of_names(given_name, reason)))
    parsed, plain = Parsed(document), Parsed(digest_html(whole_page(of_names("x", "y"))))
    assert parsed.tags == plain.tags
    assert parsed.others == plain.others == []
    assert escaped(given_name) in parsed.text
    assert all(line.isprintable() for line in document.split("\n"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_for_their_project_too(name: str) -> None:
    digest = of_names(name, name)
    parsed = Parsed(digest_html(project_page(digest, digest.projects[0])))
    assert escaped(name) in parsed.text
    assert {tag for tag, _ in parsed.tags} <= {
        "html", "head", "meta", "title", "body", "div", "h1", "h2", "p", "br", "bdi", "span", "table", "tr", "td"
    }  # fmt: skip


def test_nothing_is_loaded_and_nothing_is_run() -> None:
    document = digest_html(whole_page(USUAL))
    attributes = {name for _, attributes in Parsed(document).tags for name, _ in attributes}
    assert attributes == {
        "lang", "dir", "charset", "name", "content", "style", "role", "cellpadding", "cellspacing"
    }  # fmt: skip
    assert re.search(r"url\(|@import|<script|<style|<link|https?:", document) is None


def test_sections_are_in_their_order_and_have_their_counts() -> None:
    text = " ".join(Parsed(digest_html(whole_page(USUAL))).text.split())
    headings = ["Failed backups (1)", "Late volumes (1)", "Skipped volumes (1)", "Unprotected servers (2)",
                "Good backups (5)", "Expired backups, removed (2)", "Quotas", "Warnings (1)"]  # fmt: skip
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        (digest_html(whole_page(USUAL)), "1 backup failed"),
        (digest_html(whole_page(QUIET)), "No backup failed, and no volume is late"),
        (digest_html(whole_page(of_names("x", "y"))), "1 backup failed"),
    ],
)
def test_the_verdict_comes_first(document: str, verdict: str) -> None:
    assert f">{verdict}</p>" in document


def test_the_bars_have_the_colours_of_their_levels() -> None:
    document = digest_html(project_page(USUAL, WEB))
    widths = re.findall(r"<td style=\"width:(\d+)%.*?background-color:(#\w+)\"", document)
    assert widths == [
        ("86", "#c5221f"), ("2", "#efb4b2"), ("12", "#e8eaed"), ("37", "#2e8b57"), ("7", "#a6d3b8"), ("56", "#e8eaed")
    ]  # fmt: skip


def luminance(colour: str) -> float:
    """The relative luminance of a colour (WCAG 2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [*COLOURS.values(), "#5f6368", "#202124"])
def test_every_colour_of_text_has_enough_contrast_with_white(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_every_topic_has_a_colour() -> None:
    assert set(COLOURS) == set(Topic)
