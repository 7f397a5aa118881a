"""``glancesync vault`` as a user calls it (vault 2)."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.cli import vault_backup
from fiwareglancesync.cli.vault_arguments import build_parser
from fiwareglancesync.images.places import Federation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.vault.vault_folder import Vault
from fiwareglancesync.main import main
from tests.support.described_place import DescribedPlace
from tests.support.vaults import LISTED, back_up, uuid_of

from .conftest import Shell


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GLANCESYNC_CONFIG", "GLANCESYNC_MOCKPERSISTENT_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    assert main(["vault", "init", str(tmp_path / "v")]) == 0
    return Vault(tmp_path / "v")


class Regions:
    """A federation of one region in memory.

    :param settings: its configuration
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.burgos = DescribedPlace()

    def regions(self, target: Target) -> list[str]:
        return ["Burgos", "Spain"]

    def place(self, target: Target, region: str) -> Any:
        return self.burgos if region == "Burgos" else DescribedPlace(region)

    def forked(self) -> None:
        pass


@pytest.fixture
def federation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Regions:
    made = Regions(Settings("Spain", {"master": Target("master")}, images_dir=tmp_path / "none"))

    def opened(*unused: Any) -> Federation:
        return made

    monkeypatch.setattr(vault_backup, "read_settings", lambda *unused: made.settings)
    monkeypatch.setattr(vault_backup, "open_equal_regions", opened)
    return made


def test_a_new_vault_is_named_with_what_to_write_into_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vault", "init", "new"]) == 0
    assert f"path = {tmp_path / 'new'}" in capsys.readouterr().out
    assert main(["vault", "init", "new"]) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["ls"], ["prune"], ["verify"]])
def test_a_vault_needs_no_master_region(
    words: list[str], vault: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OS_REGION_NAME", raising=False)
    assert main(["vault", *words]) == 2
    assert capsys.readouterr().err.startswith("ERROR:no vault is configured; name one with --vault PATH")
    assert main(["vault", *words, "--vault", "nope"]) == 2
    assert "no vault has this name" in capsys.readouterr().err
    assert main(["vault", *words, "--vault", "v"]) == 0


def test_a_backup_is_narrated(federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    federation.burgos.add(1, b"x" * 3 * 2**20, name="big")
    federation.burgos.add(2, b"bad")
    federation.burgos.contents[uuid_of(2)] = b"not"
    assert main(["vault", "backup", "Burgos", "--vault", str(vault.folder)]) == 1
    output = capsys.readouterr()
    assert output.out.splitlines()[-4:] == [
        "INFO:======Burgos",
        "INFO:Burgos: Backing up image image2 (0 MB)",
        "INFO:Burgos: Backing up image big (3 MB)",
        "INFO:Burgos: 1 images kept (1 fetched, 3 MB), 1 failed, 0 without content, 0 skipped",
    ]
    assert output.err.startswith("ERROR:Burgos: Backup of image2 failed. Cause: the sha512 of the bytes")
    federation.burgos.add(1, b"x" * 3 * 2**20, name="renamed")
    federation.burgos.add(2, b"bad")
    assert main(["vault", "backup", "Burgos", "--vault", str(vault.folder)]) == 0
    assert "INFO:Burgos: Recording image renamed\n" in capsys.readouterr().out


def test_a_dry_run_is_narrated_and_size_says_the_same(
    federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    federation.burgos.add(1, b"x" * 3 * 2**20, name="big")
    assert main(["vault", "backup", "Burgos", "--vault", str(vault.folder), "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "INFO:Dry run: nothing is changed.",
        "INFO:======Burgos",
        "INFO:Burgos: Pending: big (3 MB)",
        "INFO:Burgos: MBs pending : 3",
    ]
    assert main(["vault", "size", "Burgos", "--vault", str(vault.folder), "--format", "csv"]) == 0
    assert capsys.readouterr().out == f"Burgos,1,0,{3 * 2**20}\r\n"


def test_nothing_is_tabled_when_no_region_is_known(
    federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    for form, text in (("table", ""), ("csv", ""), ("json", "[]\n")):
        assert main(["vault", "size", "Nowhere", "--vault", str(vault.folder), "--format", form]) == 1
        assert capsys.readouterr().out == text


def test_a_report_and_events_are_written(federation: Regions, vault: Vault, tmp_path: Path) -> None:
    federation.burgos.add(1, b"one")
    words = ["--report", "report.json", "--events", "events.json", "-q"]
    assert main(["vault", "backup", "Burgos", "--vault", str(vault.folder), *words]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    (region,) = report["regions"]
    assert (report["exit_code"], report["mode"], region["complete"]) == (0, "backup", True)
    assert [(image["id"], image["record"], image["way"]) for image in region["images"]] == [(uuid_of(1), 1, "stream")]
    events = [json.loads(line) for line in (tmp_path / "events.json").read_text().splitlines()]
    assert [event["kind"] for event in events][:3] == ["region-started", "region-planned", "started"]
    (end,) = [event for event in events if event["kind"] == "region-finished"]
    assert (end["kept"], end["fetched"], end["complete"]) == (1, 1, True)


def test_a_dry_run_with_parallel_prints_the_plan_of_each_region(
    federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    federation.burgos.add(1, b"x" * 3 * 2**20, name="big")
    words = ["--dry-run", "--parallel"]
    assert main(["vault", "backup", "Burgos", "Spain", "--vault", str(vault.folder), *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("INFO:======Burgos")
    assert lines[start : start + 4] == [
        "INFO:======Burgos",
        "INFO:Burgos: Pending: big (3 MB)",
        "INFO:Burgos: MBs pending : 3",
        "INFO:Region Burgos has finished",
    ]
    assert "INFO:Region Spain has finished" in lines


@pytest.mark.parametrize("option", ["--report", "--events"])
@pytest.mark.parametrize(("name", "what"), [("c.conf", "configuration file"), ("m.prom", "metrics_file")])
def test_neither_replaces_the_configuration_nor_the_metrics(
    federation: Regions,
    vault: Vault,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    name: str,
    what: str,
) -> None:
    federation.settings = replace(federation.settings, source="c.conf", metrics_file=Path("m.prom"))
    (tmp_path / name).write_text("kept")
    assert main(["vault", "backup", "Burgos", "--vault", str(vault.folder), option, name]) == 2
    complaint = f"ERROR:{option}: {name} is the {what}, which is not replaced; name another file\n"
    assert capsys.readouterr().err == complaint
    assert (tmp_path / name).read_text() == "kept"


@pytest.mark.parametrize(
    ("option", "name"),
    [("--report", "vault.json"), ("--events", "vault.json"), ("--report", "new"), ("--output-dir", "shelves/logs")],
)
def test_nothing_of_a_run_is_written_into_a_vault(
    federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str], option: str, name: str
) -> None:
    before = vault.paths.mark.read_bytes()
    assert main(["vault", "backup", "Burgos", "--vault", "./v", "--parallel", option, f"v/{name}"]) == 2
    complaint = f"ERROR:{option}: v/{name} is in the vault {vault.folder}, which is not changed; name another place\n"
    assert capsys.readouterr().err == complaint
    assert vault.paths.mark.read_bytes() == before
    assert vault.shelf_names() == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--events", "x", "--report", "./x"], "--events and --report name the same file, ./x"),
        (["--events="], "--events names no file"),
        (["--report="], "--report names no file"),
        (["--conf="], "--conf names no file"),
        (["--output-dir="], "--output-dir names no folder"),
        (["--os-cloud="], "--os-cloud names no entry of clouds.yaml"),
        (["--image="], "--image has an empty pattern"),
    ],
)
def test_an_option_that_names_nothing_or_the_same_file_is_refused(
    federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert main(["vault", "backup", "Burgos", "--vault", str(vault.folder), *words]) == 2
    assert complaint in capsys.readouterr().err
    assert vault.shelf_names() == []


def test_with_parallel_the_regions_have_logs_of_their_own(
    federation: Regions, vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    federation.burgos.add(1, b"one")
    words = ["--parallel", "--output-dir", str(tmp_path / "logs")]
    assert main(["vault", "backup", "Burgos", "Spain", *words, "--vault", str(vault.folder)]) == 0
    assert "INFO:Region Burgos has finished\n" in capsys.readouterr().out
    (log,) = tmp_path.glob("logs/vault_*/Burgos.txt")
    assert "Burgos: Backing up image image1 (0 MB)" in log.read_text()


def test_an_unknown_region_is_named(federation: Regions, vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    federation.burgos.add(1, b"one")
    assert main(["vault", "backup", "Burgo", "Burgos", "--vault", str(vault.folder)]) == 1
    assert "did you mean Burgos?" in capsys.readouterr().err
    assert vault.shelf_names() == ["Burgos"]


def test_runs_images_and_records_are_listed(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    shelf = vault.shelf("Burgos")
    back_up(vault, shelf, {1: b"one"})
    back_up(vault, shelf, {1: b"one", 2: b"two"}, 1)
    chosen = ["--vault", str(vault.folder), "--format", "json"]
    capsys.readouterr()

    def listed(*words: str) -> Any:
        assert main(["vault", *words, *chosen]) == 0
        return json.loads(capsys.readouterr().out)

    assert [(row["run"], row["images"], row["apparent"]) for row in listed("runs")] == [
        ("2026-03-01T13:00:00.000000Z", 2, 6),
        ("2026-03-01T12:00:00.000000Z", 1, 3),
    ]
    assert [row["name"] for row in listed("ls", "Burgos")] == ["image1", "image2"]
    assert [row["name"] for row in listed("ls", "--at", LISTED.strftime("%Y-%m-%dT%H:%M:%SZ"))] == ["image1"]
    assert [row["content"] for row in listed("ls")] == ["kept", "kept"]
    (record,) = listed("show", uuid_of(2))
    assert (record["shelf"], record["image"]["name"]) == ("Burgos", "image2")


@pytest.mark.parametrize("form", ["table", "csv"])
def test_each_form_shows_the_images(vault: Vault, capsys: pytest.CaptureFixture[str], form: str) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    for words in (["runs"], ["ls"], ["show", uuid_of(1)]):
        assert main(["vault", *words, "--vault", str(vault.folder), "--format", form]) == 0
        assert "Burgos" in capsys.readouterr().out


def test_numbers_of_a_table_end_where_their_head_ends(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    assert main(["vault", "runs", "--vault", str(vault.folder)]) == 0
    heads, _, row = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    for head in ("Failures", "Skipped", "MB on disk"):
        end = heads.index(head) + len(head)
        assert row[end - 1].isdigit()
        assert row[end:].strip() == "" or row[end].isspace()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["runs", "--vault", "/nope/"], 2, "/nope is no vault: it has no vault.json"),
        (["ls", "Burgo", "--vault", "./v"], 2, "has no shelf Burgo; it has: Burgos; did you mean Burgos?"),
        (["ls", "--at", "2020-01-01", "--vault", "./v"], 1, "shelf Burgos has no complete run at 2020-01-01T23:59"),
        (["ls", "--at", "2020-01-01", "--vault", "./v"], 1, "; glancesync vault runs lists the runs"),
        (["ls", "--at", "soon", "--vault", "./v"], 2, "--at soon: expected a time"),
        (["ls", "--at", "0001-01-01T00:00:00+14:00", "--vault", "./v"], 2, "+14:00: expected a time"),
        (["show", "x", "--vault", "./v"], 2, "x is no UUID; glancesync vault ls lists the UUIDs"),
        (["show", uuid_of(9), "--vault", "./v"], 2, f"has no image {uuid_of(9)}"),
        (["backup", "--vault", "./v"], 2, "the following arguments are required: REGION"),
        (["frobnicate"], 2, "invalid choice: 'frobnicate'"),
        (["bakcup"], 2, ", did you mean backup?; see "),
        (["runs", "--frobnicate"], 2, "vault runs --help"),
        (["forget", "--keep-within", "30", "--vault", "./v"], 2, "expected a time such as 7d or 36h, with its unit"),
        (["verify", "--older-than", "7", "--vault", "./v"], 2, "expected a time such as 7d or 36h, with its unit"),
        (["backup", "Burgos", "--report", "-", "--vault", "./v"], 2, "--report - names no file; write --report FILE"),
        (["ls", "--vault", ""], 2, "the name of the vault is empty; write the NAME"),
        (["copy", " ", "--vault", "./v"], 2, "the name of the vault is empty; write the NAME"),
        (["check", "--shelf", " ", "--vault", "./v"], 3, ""),
        (["forget", "--keep-last", "1", "--shelf", " ", "--vault", "./v"], 2, "the name of a shelf is empty"),
        (["backup", "Burgos", "--shelf", " ", "--vault", "./v"], 2, "the name of a shelf is empty"),
        (["adopt", ".", "--shelf", "x" * 256, "--vault", "./v"], 2, "the name of a shelf has 1 to 255 characters"),
        (["backup", "Burgos", "--shelf", "", "--vault", "./v"], 2, "the name of a shelf is empty"),
    ],
)
def test_a_mistake_is_named(
    vault: Vault, capsys: pytest.CaptureFixture[str], words: list[str], code: int, text: str
) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    assert main(["vault", *words]) == code
    assert text in capsys.readouterr().err


def test_what_cannot_be_listed_is_reported_and_the_rest_is_listed(
    vault: Vault, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    newest = back_up(vault, vault.shelf("Burgos"), {1: b"one"}, 1)
    back_up(vault, vault.shelf("Spain"), {2: b"two"})
    broken = vault.shelf("Burgos").paths.run(newest.listed)
    broken.write_text("{")
    for words, rows in ((["runs"], ["Burgos", "Spain"]), (["ls"], ["Spain"]), (["ls", "Burgos"], [])):
        assert main(["vault", *words, "--vault", "./v", "--format", "csv"]) == 1
        output = capsys.readouterr()
        assert [line.partition(",")[0] for line in output.out.splitlines()] == rows
        assert output.err.startswith(f"ERROR:{broken.relative_to(Path.cwd())} cannot be read: ")
    assert main(["vault", "ls", "Burgos", "--vault", "./v"]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("place", ["a run", "its folder"])
def test_what_another_user_has_written_is_reported_and_the_rest_is_listed(
    vault: Vault, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    run = back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    back_up(vault, vault.shelf("Spain"), {2: b"two"})
    paths = vault.shelf("Burgos").paths
    unreadable = paths.run(run.listed) if place == "a run" else paths.runs

    def refuse(real: Any) -> Any:
        def guarded(path: Any, *more: Any, **options: Any) -> Any:
            if Path(path).absolute() == unreadable:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, *more, **options)

        return guarded

    for name in ("open", "listdir"):
        monkeypatch.setattr(os, name, refuse(getattr(os, name)))
    for verb in ("runs", "ls"):
        assert main(["vault", verb, "--vault", "./v", "--format", "csv"]) == 1
        output = capsys.readouterr()
        assert [line.partition(",")[0] for line in output.out.splitlines()] == ["Spain"]
        assert output.err.endswith("Permission denied\n")


def test_the_configured_vault_is_taken(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    file = tmp_path / "glancesync.conf"
    file.touch(0o600)
    monkeypatch.setenv("GLANCESYNC_CONFIG", str(file))
    monkeypatch.delenv("OS_CLOUD", raising=False)
    north = f"[vault:north]\npath = {vault.folder}\n"
    for text, words, code, expected in [
        (north, [], 0, "Burgos"),
        (north, ["--vault", "north"], 0, "Burgos"),
        (north, ["--vault", "nort"], 2, "did you mean north?"),
        (north + "[vault:south]\npath = /srv\n", [], 2, "several vaults are configured"),
        ("", [], 2, "no vault is configured"),
        ("[vault:north]\n", [], 2, "the folder of the vault is missing: path = FOLDER"),
        ("", ["--vault", "v"], 0, "Burgos"),
    ]:
        file.write_text(f"[main]\nmaster_region = Spain\n{text}")
        assert main(["vault", "ls", "--format", "csv", *words]) == code, text
        output = capsys.readouterr()
        assert expected in output.out + output.err


def test_the_embedded_federation_is_refused(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    monkeypatch.setenv("GLANCESYNC_CONFIG", str(shell.configuration))
    monkeypatch.setenv("GLANCESYNC_MOCKPERSISTENT_PATH", str(shell.folder / "federation"))
    shell.load(Valladolid=[], Burgos=[])
    for verb in ("backup", "size"):
        ended = shell("vault", verb, "Burgos", "--vault", str(vault.folder))
        assert (ended.code, ended.err) == (
            2,
            "ERROR:Burgos is a region of an embedded federation, which has no bytes that could be backed up\n",
        )
    assert vault.shelf_names() == []


def test_every_verb_has_help() -> None:
    parser = build_parser("glancesync vault")
    assert all(verb in parser.format_help() for verb in ("init", "backup", "size", "runs", "ls", "show"))
