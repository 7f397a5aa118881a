"""Names come from strangers: they are synchronised exactly, shown harmlessly, and never lead out of a folder."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.backup_files import read_backup
from tests.support.cloud import running_cloud
from tests.support.faults import Command, FaultyCloud, Made, Result, embedded, load
from tests.support.observed_federations import Given, ObservedCloud, ObservedEmbedded, ObservedFederation, digest_of

NAMES = [
    "comma, \"quotes\" and 'more'",
    "two\nlines",
    "return\r\nfeed",
    "bell\x07 colour\x1b[31m delete\x7f",
    "c1\x9b31m",
    "right\u202eleft",
    "Größe 图像 e\u0301",
    "--dry-run",
    "-v",
    "../../escape",
    "/etc/passwd",
    "..",
    " blanks ",
    "%s %(name)s {0} ${HOME} `id` $(id)",
    "[red]markup[/red]",
    "x" * 255,
    "=1+1",
]
"""Every second one is in the region already. Glance takes no names with characters outside the BMP."""

SHOWN = [
    "two\\x0alines",
    "return\\x0d\\x0afeed",
    "bell\\x07 colour\\x1b[31m delete\\x7f",
    "c1\\x9b31m",
    "right\\u202eleft",
    "Größe 图像 e\u0301",
    "[red]markup[/red]",
]
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module", params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def federation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, root: Path
) -> Iterator[ObservedFederation]:
    """A master full of such names."""
    folder = tmp_path_factory.mktemp("federation")
    made: ObservedFederation
    if request.param == "embedded":
        made = ObservedEmbedded(folder)
    else:
        made = ObservedCloud(running_cloud(root), folder)
    made.fill("Spain", [Given(name, name, name) for name in NAMES])
    yield made
    made.fill("Spain", [])
    made.fill("Burgos", [])


def assert_harmless(text: str) -> None:
    """A terminal shows these lines and does nothing else."""
    found = CONTROL.search(text)
    assert found is None, text[max(0, found.start() - 40) : found.end() + 20]


class TestImageNames:
    @pytest.fixture(autouse=True)
    def region(self, federation: ObservedFederation) -> None:
        """A region with half of the names, their content another."""
        federation.fill("Burgos", [Given(name, name, f"old {name}") for name in NAMES[::2]])

    @pytest.fixture
    def run(self, federation: ObservedFederation, tmp_path: Path) -> Command:
        return Command(federation.environment(), tmp_path)

    def test_the_status_has_them_exactly(self, run: Command) -> None:
        runs = [run.start("--show-status", "--format", form, "Burgos") for form in ("csv", "json", "table")]
        as_csv, as_json, table = (each.finish() for each in runs)
        rows = list(csv.reader(io.StringIO(as_csv.out, newline=""), strict=True))
        assert sorted(row[2] for row in rows) == sorted(NAMES)
        assert as_csv.out.endswith("\r\n")
        expected = dict.fromkeys(NAMES, "pending_upload") | dict.fromkeys(NAMES[::2], "error_checksum")
        assert {row[2]: row[0] for row in rows} == expected
        assert sorted(row["image"] for row in json.loads(as_json.out)["images"]) == sorted(NAMES)
        assert_harmless(table.out)
        for each in (as_csv, as_json, table):
            assert_harmless(each.err)

    def test_they_are_synchronised_and_shown_escaped(
        self, federation: ObservedFederation, run: Command, tmp_path: Path
    ) -> None:
        arguments = ("--config", "master.replace=any", "--report", "report.json", "--events", "events")
        dry = run("--dry-run", *arguments, "--", "Burgos")
        result = run(*arguments, "--", "Burgos")
        assert (dry.code, result.code, result.err) == (0, 0, "")
        self.assert_told(dry, "INFO:Burgos: Pending: {} (0 MB)")
        self.assert_told(result, "INFO:Burgos: Uploading image {} (0 MB)", "INFO:Burgos: Replacing image {} (0 MB)")
        seen = {image.name: (image.status, image.digest) for image in federation.seen("Burgos")}
        assert seen == {name: ("active", digest_of(name)) for name in NAMES}
        assert len(federation.seen("Burgos")) == len(NAMES)
        report = json.loads((tmp_path / "report.json").read_text())
        assert {image["image"] for image in report["regions"][0]["images"]} == set(NAMES)
        events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
        assert {event["image"] for event in events if event["kind"] == "done"} == set(NAMES)
        again = run("Burgos")
        assert again.out.splitlines()[-1] == "INFO:Burgos: Region is synchronized."

    def test_backups_hold_them_exactly(self, run: Command, tmp_path: Path) -> None:
        assert run("--make-backups", "Burgos").code == 0
        (folder,) = tmp_path.glob("backup_glance_*")
        kinds = (".csv", ".jsonl")
        expected = {f"backup_{region}{kind}" for region in ("Spain", "Burgos") for kind in kinds}
        assert {file.name for file in folder.iterdir()} == expected
        for kind in kinds:
            images = list(read_backup(folder / f"backup_Spain{kind}", "Spain"))
            assert sorted(image.name for image in images) == sorted(NAMES)
        rows = csv.reader(io.StringIO((folder / "backup_Spain.csv").read_bytes().decode(), newline=""), strict=True)
        assert sorted(row[1] for row in rows) == sorted(NAMES)

    @pytest.mark.parametrize("name", ["--dry-run", "../../escape", "two\nlines"])
    def test_they_can_be_chosen(self, federation: ObservedFederation, run: Command, name: str) -> None:
        result = run("Burgos", f"--image={name}", "--config", "replace=any")
        assert (result.code, result.err) == (0, "")
        changed = [image.name for image in federation.seen("Burgos") if image.digest == digest_of(image.name)]
        assert changed == [name]

    @staticmethod
    def assert_told(result: Result, *forms: str) -> None:
        assert_harmless(result.out + result.err)
        lines = result.out.splitlines()
        for shown in SHOWN:
            assert any(form.format(shown) in lines for form in forms), shown


REGIONS = ["a/b", "../up", ".hidden", "..", "tab\there", "two\nlines", "Größe", "50%", "50%2F", 'comma, "quote"']
OTHER = "ot/her"
FILES = {
    "a/b": "a%2Fb",
    "../up": "%2E.%2Fup",
    ".hidden": "%2Ehidden",
    "..": "%2E.",
    "tab\there": "tab%09here",
    "two\nlines": "two%0Alines",
    "Größe": "Gr%C3%B6%C3%9Fe",
    "50%": "50%25",
    "50%2F": "50%252F",
    'comma, "quote"': "comma%2C%20%22quote%22",
    f"{OTHER}:Ma/drid": "ot%2Fher:Ma%2Fdrid",
    "Spain": "Spain",
}
CONFIGURATION = f"[main]\nmaster_region = Spain\nmax_children = 4\n[master]\ntenant = ours\n[{OTHER}]\ntenant = ours\n"


def test_half_a_character_is_reported_exactly_and_refused_as_a_glance_does(tmp_path: Path) -> None:
    def image(number: str, name: str) -> Image:
        return Image(number, name, "Spain", "oursid", size=5, checksum="c" * 32, visibility="public")

    name = "half \udc80"
    run = embedded(tmp_path, {"Spain": [image("1", name), image("2", "whole")], "Burgos": []}, CONFIGURATION)
    assert json.loads(run("--show-status", "--format", "json", "Burgos").out)["images"][0]["image"] == name
    assert run("--show-status", "Burgos", "--image", "half*").out == f"pending_upload,Burgos,{name}\r\n"
    result = run("Burgos")
    assert (result.code, len(result.errors), len(result.warnings)) == (1, 1, 0)
    assert result.err.startswith("ERROR:Burgos: Upload of half \\udc80 failed. Cause: ")
    assert run("--show-status", "Burgos").out == f"pending_upload,Burgos,{name}\r\nok,Burgos,whole\r\n"


class TestRegionNames:
    @pytest.fixture
    def images(self) -> list[Image]:
        fields = {"owner": "oursid", "size": 3 * 2**20, "checksum": "c" * 32, "visibility": "public"}
        return [Image(id="1", name="one", region="Spain", **fields)]  # type: ignore[arg-type]

    @pytest.fixture
    def run(self, tmp_path: Path, images: list[Image]) -> Command:
        regions: dict[str, list[Image]] = {region: [] for region in [*REGIONS, f"{OTHER}:Ma/drid"]}
        return embedded(tmp_path, {"Spain": images, **regions}, CONFIGURATION)

    def test_files_are_named_harmlessly_and_can_be_loaded(self, run: Command, tmp_path: Path) -> None:
        result = run("--parallel", "master:", f"{OTHER}:")
        assert (result.code, result.err) == (0, "")
        assert_harmless(result.out)
        assert "INFO:Region two\\x0alines has finished" in result.out.splitlines()
        assert run("--make-backups", "master:", f"{OTHER}:").code == 0
        logs, backup = sorted(run.folder.iterdir(), reverse=True)
        assert {file.name for file in logs.iterdir()} == {f"{name}.txt" for name in FILES.values()} - {"Spain.txt"}
        kinds = ("csv", "jsonl")
        assert {file.name for file in backup.iterdir()} == {f"backup_{n}.{k}" for n in FILES.values() for k in kinds}
        for file in (*logs.iterdir(), *backup.iterdir()):
            assert file.stat().st_mode & 0o777 == 0o600
        for file in logs.iterdir():
            assert_harmless(file.read_text())
        assert {logs.stat().st_mode & 0o777, backup.stat().st_mode & 0o777} == {0o700}
        assert {path.name for path in tmp_path.iterdir()} == {"before", "federation", "current", "glancesync.conf"}
        reloaded = tmp_path / "again"
        load(backup, reloaded)
        status = ("--show-status", "master:", f"{OTHER}:")
        again = run(*status, GLANCESYNC_MOCKPERSISTENT_PATH=str(reloaded))
        assert (again.code, again.out) == (0, run(*status).out)

    def test_they_are_shown_harmlessly_and_reported_exactly(self, run: Command) -> None:
        runs = [run.start(*words) for words in (["--show-regions"], ["--show-regions", "--format", "json"])]
        status = run.start("--show-status", "master:", f"{OTHER}:")
        words, regions = (each.finish() for each in runs)
        assert_harmless(words.out)
        assert "two\\x0alines" in words.out
        full = {*REGIONS, "Spain", f"{OTHER}:Ma/drid"}
        assert {row["region"] for row in json.loads(regions.out)} == full
        rows = list(csv.reader(io.StringIO(status.finish().out, newline=""), strict=True))
        assert {row[1] for row in rows} == full - {"Spain"}
        assert {row[0] for row in rows} == {"pending_upload"}

    @pytest.mark.parametrize("region", ["../up", "two\nlines", f"{OTHER}:Ma/drid"])
    def test_one_can_be_asked_for(self, run: Command, region: str) -> None:
        result = run(region)
        assert (result.code, result.err) == (0, "")
        shown = region.replace("\n", "\\x0a")
        assert f"INFO:{shown}:   Total uploaded to region: 3 (MB)" in result.out.splitlines()

    def test_an_unknown_one_is_reported_harmlessly(self, run: Command) -> None:
        result = run("no\x1b[31m\nwhere")
        assert result.code == 1
        assert result.err.startswith("ERROR:no\\x1b[31m\\x0awhere: unknown region; the regions of target master are: ")
        assert_harmless(result.err)

    @pytest.mark.parametrize("name", ["a\x1bb", "a:b"])
    def test_a_target_may_not_have_every_name(self, run: Command, tmp_path: Path, name: str) -> None:
        file = tmp_path / "hostile.conf"
        file.write_text(f"{CONFIGURATION}[{name}]\ntenant = ours\n")
        result = run("--conf", str(file))
        assert (result.code, result.out) == (2, "")
        shown = name.replace("\x1b", "\\x1b")
        assert result.err == (
            f"ERROR:{file}:8: [{shown}]: expected a target, with no colon or control character in its name\n"
        )


class TestIncompleteImages:
    """Images without name, size or checksum."""

    def test_those_that_cannot_be_verified_are_left_out_with_a_warning(self, tmp_path: Path) -> None:
        def image(number: int, name: str, size: int | None, checksum: str | None, region: str) -> Image:
            return Image(
                str(number), name, region, "oursid", size=size, checksum=checksum, visibility="public",
                created_at=str(number),
            )  # fmt: skip

        master = [
            image(1, "", 5, "a" * 32, "Spain"),
            image(2, "sizeless", None, "b" * 32, "Spain"),
            image(3, "sumless", 6, None, "Spain"),
            image(4, "whole", 7, "c" * 32, "Spain"),
        ]
        region = [image(5, "", 5, "a" * 32, "Burgos"), image(6, "whole", None, None, "Burgos")]
        run = embedded(tmp_path, {"Spain": master, "Burgos": region}, CONFIGURATION)
        status = run("--show-status", "Burgos")
        assert (status.code, status.out) == (0, "pending_upload,Burgos,sumless\r\nerror_checksum,Burgos,whole\r\n")
        assert "sizeless" in status.err
        assert len(status.warnings) == 2
        result = run("Burgos", "--config", "master.replace=any")
        assert (result.code, len(result.warnings), result.errors) == (0, 1, [])
        assert "INFO:Burgos: Replacing image whole (0 MB)" in result.out.splitlines()
        assert run("--show-status", "Burgos").out == "ok,Burgos,sumless\r\nok,Burgos,whole\r\n"


@pytest.mark.integration
class TestQueuedImages:
    """A real Glance has images without size and checksum while they have no content."""

    def test_are_no_images_yet(self, faulty: FaultyCloud, tmp_path: Path) -> None:
        faulty.hold("Spain", Made("queued", None), Made(None, b"nameless"), Made("whole", b"whole"))
        (there,) = faulty.hold("Burgos", Made("whole", None))
        run = faulty.command(tmp_path)
        status = run("--show-status", "Burgos")
        warning = f"WARNING:Burgos: state of image whole with UUID {there} is not active: queued\n"
        assert (status.code, status.out, status.err) == (0, "pending_upload,Burgos,whole\r\n", warning)
        result = run("Burgos")
        assert (result.code, result.err) == (0, warning)
        images = {image.id: image.status for image in faulty.seen("Burgos")}
        assert images.pop(there) == "queued"
        assert list(images.values()) == ["active"]
