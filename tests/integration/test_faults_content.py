"""Content that cannot be had or is not what it should be: detected, the old image stays, another way is tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.faults import Command, FaultyCloud, Made, Result
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Answer, Garble

pytestmark = pytest.mark.integration

BURGOS = "Burgos"
CONTENT = b"content " * 20_000
FILE = "/v2/images/[^/]+/file"
REPLACE = ("--config", "master.replace=any")


@pytest.fixture(scope="module")
def master_id(faulty: FaultyCloud) -> str:
    """The only image of the master."""
    (made,) = faulty.hold("Spain", Made("one", CONTENT))
    return made


@pytest.fixture
def old(faulty: FaultyCloud, master_id: str) -> str:
    """The region's image, which is to be replaced."""
    (made,) = faulty.hold(BURGOS, Made("one", b"old"))
    return made


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """An ``images_dir`` of the test's own."""
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def run(faulty: FaultyCloud, tmp_path: Path, images: Path, old: str) -> Command:
    return faulty.command(tmp_path, configuration=f"[main]\nmaster_region = Spain\nimages_dir = {images}\n")


def way(folder: Path) -> tuple[str, list[str]]:
    """How the image went, and why others were not taken, as the report has it."""
    (region,) = json.loads((folder / "report.json").read_text())["regions"]
    (done,) = [image for image in region["images"] if image["action"] == "replace"]
    return done["way"], done["notes"]


def spoil(file: Path, how: str) -> None:
    """Put a file of the image where it is looked for, or not, or not a good one."""
    if how == "is missing":
        return
    if how == "is a folder":
        file.mkdir()
    elif how == "is truncated":
        file.write_bytes(CONTENT[:-1])
    elif how == "is a dead link":
        file.symlink_to("nowhere")
    elif how == "is corrupted":
        file.write_bytes(b"X" + CONTENT[1:])
    else:
        raise AssertionError(how)


REASONS = {
    "is missing": "{file}: No such file or directory",
    "is a folder": "{file} is not a file",
    "is truncated": f"{{file}} has {len(CONTENT) - 1} bytes, the image {len(CONTENT)}",
    "is a dead link": "{file}: No such file or directory",
    "is corrupted": "after the upload its checksum is ",
}


def assert_nothing_happened(faulty: FaultyCloud, old: str) -> None:
    """The region has its old image and nothing else."""
    faulty.assert_holds(BURGOS, {"one": b"old"})
    image = faulty.only(BURGOS, "one")
    assert (image.id, image.public) == (old, True)


def only_error(result: Result) -> str:
    assert result.code == 1
    (line,) = result.errors
    begin = "ERROR:Burgos: Upload of one failed. Cause: "
    assert line.startswith(begin)
    assert "INFO:Burgos: 1 images failed." in result.out.splitlines()
    return line.removeprefix(begin)


class TestImagesDir:
    def test_that_is_missing_is_no_obstacle(self, faulty: FaultyCloud, run: Command, images: Path) -> None:
        images.rmdir()
        result = run(BURGOS, *REPLACE, "--report", "report.json", "-v")
        assert (result.code, result.err) == (0, "")
        assert "Burgos: one was not copied with way file: " in result.out
        assert way(run.folder)[0] != "file"
        faulty.assert_holds(BURGOS, {"one": CONTENT})

    @pytest.mark.parametrize("how", REASONS)
    def test_without_a_good_file_the_next_way_is_taken(
        self, faulty: FaultyCloud, run: Command, images: Path, master_id: str, how: str
    ) -> None:
        spoil(images / master_id, how)
        result = run(BURGOS, *REPLACE, "--report", "report.json")
        taken, notes = way(run.folder)
        warnings = [f"WARNING:Burgos: one is not copied with way {notes[0]}"] if how == "is corrupted" else []
        assert (result.code, result.err.splitlines()) == (0, warnings)
        assert taken != "file"
        assert notes[0].startswith("file: " + REASONS[how].format(file=images / master_id))
        faulty.assert_holds(BURGOS, {"one": CONTENT})

    @pytest.mark.parametrize("how", REASONS)
    def test_without_a_good_file_the_way_cannot_be_forced(
        self, faulty: FaultyCloud, run: Command, images: Path, master_id: str, old: str, how: str
    ) -> None:
        spoil(images / master_id, how)
        cause = only_error(run(BURGOS, *REPLACE, "--transfer", "file"))
        assert REASONS[how].format(file=images / master_id) in cause
        assert_nothing_happened(faulty, old)


class TestOnTheWay:
    def test_what_arrives_otherwise_is_not_published(
        self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy, old: str
    ) -> None:
        proxy.on(Garble(), "PUT", FILE, port=faulty.port(BURGOS))
        command = faulty.command(tmp_path, proxy)
        for forced in ("file", "stream"):
            cause = only_error(command(BURGOS, *REPLACE, "--transfer", forced))
            assert cause.startswith(f"{forced}: after the upload its checksum is sha512 ")
            assert_nothing_happened(faulty, old)

    def test_a_master_that_cannot_be_read_fails_the_image(
        self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy, old: str
    ) -> None:
        proxy.on(Answer(403, "not for you"), "GET", FILE, port=faulty.port("Spain"))
        result = faulty.command(tmp_path, proxy)(BURGOS, *REPLACE, "--transfer", "stream")
        assert only_error(result) == "stream: the master cannot be read: not for you (HTTP 403)"
        assert_nothing_happened(faulty, old)

    def test_a_master_that_sends_something_else_fails_the_image(
        self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy, old: str
    ) -> None:
        short = Answer(200, "not all", {"Content-Type": "application/octet-stream"})
        proxy.on(short, "GET", FILE, port=faulty.port("Spain"))
        cause = only_error(faulty.command(tmp_path, proxy)(BURGOS, *REPLACE, "--transfer", "stream"))
        assert cause.startswith("stream: ")
        assert f"the image has {len(CONTENT)}" in cause
        assert_nothing_happened(faulty, old)
