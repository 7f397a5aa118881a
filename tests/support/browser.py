"""A page in a real browser, Debian's Chromium without a window."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from .programs import program

TIMEOUT_SECONDS = 120

FRAME = """<!DOCTYPE html>
<meta charset="utf-8">
<iframe srcdoc="PAGE" style="border:0;width:WIDTHpx;height:800px"></iframe>
<script>
addEventListener("load", () => {
  const shown = document.querySelector("iframe").contentWindow;
  const root = shown.document.documentElement;
  const blocks = [...root.querySelectorAll("body *")].filter(each => shown.getComputedStyle(each).display != "inline");
  document.body.dataset.measured = JSON.stringify({
    window: shown.innerWidth,
    content: root.scrollWidth,
    height: root.scrollHeight,
    wider: blocks.filter(each => each.scrollWidth > each.clientWidth + 1).length
  });
});
</script>
"""
"""Shows a page in a frame, because a window of Chromium is never narrower than 500 pixels."""


@dataclass(frozen=True)
class Measured:
    """How a page fits into a window, in pixels.

    :param window: the width of the window
    :param content: the width that the page takes
    :param height: the height that the page takes
    :param wider: how many elements have content that is wider than they are
    """

    window: int
    content: int
    height: int
    wider: int


def measure(html: str, width: int, folder: Path) -> Measured:
    """Show a page in a window, and measure it there.

    :param html: the page
    :param width: of the window, in pixels
    :param folder: for files of the browser
    """
    page = folder / "measured.html"
    page.write_text(FRAME.replace("WIDTH", str(width)).replace("PAGE", escape(html)), encoding="utf-8")
    shown = _chromium(folder, "--dump-dom", "--window-size=1400,900", page.as_uri())
    found = re.search(r'data-measured="([^"]*)"', shown)
    assert found is not None, "the browser ran no script"
    return Measured(**json.loads(unescape(found[1])))


def picture(html: str, width: int, height: int, file: Path, folder: Path) -> None:
    """Show a page in a window, and keep what is seen as a PNG.

    :param html: the page
    :param width: of the window, in pixels
    :param height: likewise
    :param file: the PNG
    :param folder: for files of the browser
    """
    page = folder / "shown.html"
    page.write_text(html, encoding="utf-8")
    _chromium(folder, f"--screenshot={file}", f"--window-size={width},{height}", page.as_uri())


def _chromium(folder: Path, *words: str) -> str:
    # Root has no sandbox; the page is our own.
    command = [program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={folder / 'profile'}"]  # fmt: skip
    done = subprocess.run(
        [*command, *words], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
