"""``GET /``: a page for browsers, and for API clients the JSON that they have always had (sync 5.2)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fiwareglancesync.api.schemas import VersionAnswer
from fiwareglancesync.api.start_page import COMMANDS, start_page
from fiwareglancesync.remote.remote_arguments import SERVER, parse_arguments

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html",
    "text/html;q=0.9,application/json;q=0.5",
)
API_CLIENTS = ("*/*", "application/json", "", "application/json,text/html", "text/html;q=0.2,*/*", "image/png", ";;q=x")
HOSTILE = "http://a\"'><script>alert(1)</script>&\x1b[2J$(reboot)/"


class Page(HTMLParser):
    """What a page holds.

    :param html: the page
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str | None]:
        """The targets of its links."""
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]


@pytest.fixture
def page(app: Flask) -> Iterator[Callable[..., Page]]:
    """Makes the page for an address."""
    with app.app_context():
        yield rendered


def rendered(href: str = "http://127.0.0.1:8888/", *, token_needed: bool = False, embedded: bool = True) -> Page:
    fields = dict.fromkeys(("owner", "status", "updated"), "x")
    api = VersionAnswer(id="v1.0", version="2.0.0", runningfrom="2026-11-21T12:00:00.123+00:00", href=href, **fields)
    return Page(start_page(api, token_needed=token_needed, embedded=embedded).get_data(as_text=True))


@pytest.mark.parametrize("accept", BROWSERS)
def test_a_browser_gets_a_page(client: FlaskClient, accept: str) -> None:
    answer = client.get("/", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype, answer.headers["Vary"]) == (200, "text/html", "Accept")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_api_clients_get_the_same_bytes_whatever_else_they_accept(client: FlaskClient) -> None:
    plain = client.get("/")
    for accept in API_CLIENTS:
        answer = client.get("/", headers={"Accept": accept})
        assert (answer.mimetype, answer.headers["Vary"], answer.data) == ("application/json", "Accept", plain.data)
        assert "Content-Security-Policy" not in answer.headers
    fields = ["href", "id", "owner", "runningfrom", "status", "updated", "version"]
    assert list(json.loads(plain.data)) == fields


@pytest.mark.parametrize("accept", [BROWSERS[0], "*/*"])
def test_head_has_the_headers_of_get(client: FlaskClient, accept: str) -> None:
    head, get = (ask("/", headers={"Accept": accept}) for ask in (client.head, client.get))
    assert head.data == b""
    for name in ("Content-Type", "Content-Length", "Vary", "Content-Security-Policy"):
        assert head.headers.get(name) == get.headers.get(name)


def test_nothing_but_the_page_itself_is_loaded_or_run(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Accept": BROWSERS[0]})
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    (style,) = re.findall("<style>(.*)</style>", answer.text, re.DOTALL)
    assert policy["style-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
    found = Page(answer.text)
    assert not {"script", "img", "iframe", "form", "base"} & {tag for tag, _ in found.tags}
    assert not any("style" in attrs or any(name.startswith("on") for name in attrs) for _, attrs in found.tags)


def test_its_links_lead_to_pages_of_the_server(client: FlaskClient) -> None:
    links = Page(client.get("/", headers={"Accept": BROWSERS[0]}).text).links()
    assert links == ["docs", "openapi.json", "health"]  # relative: the server may be below a path of a proxy
    for link in links:
        assert client.get(f"/{link}").status_code == 200


def test_it_shows_how_to_ask_this_server_from_a_terminal(page: Callable[..., Page]) -> None:
    text = page("https://sync.example.org/api/").text
    assert f"export {SERVER}=https://sync.example.org/api\n" in text
    assert "glancesync remote sync REGION --watch" in text


@pytest.mark.parametrize("command", [command for command, _ in COMMANDS])
def test_each_command_that_it_shows_can_be_called(command: str) -> None:
    program, first, *words = command.split()
    assert (program, first) == ("glancesync", "remote")
    assert parse_arguments(words, "glancesync remote").command == words[0]


def test_it_says_which_world_this_is_and_who_may_ask(page: Callable[..., Page]) -> None:
    embedded = page().text
    assert "OpenStack is not contacted" in embedded
    assert "none; only requests from this machine are answered" in embedded
    assert "OS_AUTH_URL" not in embedded
    real = page(token_needed=True, embedded=False).text
    assert "OpenStack is not contacted" not in real
    assert "with a token of Keystone" in real
    assert "OS_AUTH_URL" in real


def test_whatever_a_host_is_called_is_shown_as_text(page: Callable[..., Page]) -> None:
    found = page(HOSTILE)
    assert "script" not in {tag for tag, _ in found.tags}
    assert "\x1b" not in found.text
    assert "<script>alert(1)</script>" in found.text
    (line,) = [line for line in found.text.splitlines() if line.startswith("export")]
    assert line.split("=", 1)[1].startswith("'")  # quoted for a shell


def test_it_can_be_read_by_everybody(page: Callable[..., Page]) -> None:
    found = page()
    tags = dict(found.tags)
    assert tags["html"]["lang"] == "en"
    assert "width=device-width" in (tags["meta"]["content"] or "")
    headings = [tag for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1", "h2", "h2"]
    assert "main" in tags
