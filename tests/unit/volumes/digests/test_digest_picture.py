"""A digest in a real browser, narrow as on a telephone and wide (volumes 6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.volumes.digests.digest import whole_page
from fiwareglancesync.volumes.digests.digest_html import digest_html
from fiwareglancesync.volumes.digests.digest_model import Digest
from tests.support.browser import measure, picture
from tests.support.digests import USUAL, of_names

PNG = b"\x89PNG\r\n\x1a\n"

DIGESTS = {
    "a usual one": USUAL,
    "names without a blank": of_names("x" * 255, "y" * 400),
    "names from right to left": of_names("אבגדהוזחטי" * 25, "مرحبا " * 60),
    "emoji": of_names("📦👩🏽" * 100, "📦" * 400),
    "markup": of_names("<table><td>" * 20, "<img src=x width=5000>" * 20),
    "no blank in what is escaped": of_names("\u202e\r\n" * 85, "\x00" * 100),
}


@pytest.mark.outside
class TestInABrowser:
    @pytest.mark.parametrize("width", [360, 1200])
    @pytest.mark.parametrize("digest", DIGESTS.values(), ids=DIGESTS)
    def test_nothing_is_wider_than_the_window(self, digest: Digest, width: int, tmp_path: Path) -> None:
        measured = measure(digest_html(whole_page(digest)), width, tmp_path)
        assert measured.window == width
        assert measured.content <= width
        assert measured.wider == 0

    def test_a_wide_window_shows_a_row_in_one_line(self, tmp_path: Path) -> None:
        page = digest_html(whole_page(USUAL))
        assert measure(page, 360, tmp_path).height > 1.3 * measure(page, 1200, tmp_path).height

    def test_what_is_seen_is_not_empty(self, tmp_path: Path) -> None:
        picture(digest_html(whole_page(USUAL)), 360, 800, tmp_path / "usual.png", tmp_path)
        picture("<p></p>", 360, 800, tmp_path / "empty.png", tmp_path)
        usual, empty = (tmp_path / f"{name}.png" for name in ("usual", "empty"))
        assert usual.read_bytes().startswith(PNG)
        assert usual.stat().st_size > 5 * empty.stat().st_size
