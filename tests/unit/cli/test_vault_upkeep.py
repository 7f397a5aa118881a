"""``glancesync vault verify``, ``check``, ``forget`` and ``prune`` as a user calls them (vault 2)."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fiwareglancesync.cli import vault_check, vault_upkeep
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.main import main
from tests.support.vaults import back_up, faults, sha512, uuid_of

START = datetime.now(timezone.utc)


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Vault:
    monkeypatch.chdir(tmp_path)
    for name in ("GLANCESYNC_CONFIG", "GLANCESYNC_MOCKPERSISTENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    vault = init_vault(tmp_path / "v")
    back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: b"two"})
    back_up(vault, vault.shelf("Burgos"), {2: b"two"}, 1)
    return vault


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The present time, as commands see it."""
    times = [START]
    for module in (vault_check, vault_upkeep):
        monkeypatch.setattr(module, "now", lambda: times[0])
    return times


def call(*words: str) -> int:
    return main(["vault", *words, "--vault", "./v"])


def test_runs_are_forgotten_with_a_reason_each(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("forget", "--keep-last", "1", "--dry-run") == 0
    output = capsys.readouterr().out
    assert "last 1 of 1; the newest complete run" in output
    assert "no rule keeps it" in output
    assert output.endswith("INFO:Dry run: nothing is changed.\n")
    assert len(vault.shelf("Burgos").run_times()) == 2
    assert call("forget", "--keep-last", "1", "--shelf", "Burgos", "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["kept"], row["reasons"]) for row in rows] == [
        (True, ["last 1 of 1", "the newest complete run"]),
        (False, ["no rule keeps it"]),
    ]
    assert len(vault.shelf("Burgos").run_times()) == 1
    assert call("forget", "--keep-daily", "1", "--format", "csv") == 0
    (row,) = csv.reader(io.StringIO(capsys.readouterr().out))
    assert row[0] == "Burgos"
    assert row[-1] == "daily 1 of 1; the newest complete run"


def test_a_prune_is_narrated(vault: Vault, at: list[datetime], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("forget", "--keep-last", "1") == 0
    at[0] = START + timedelta(days=8)
    day = at[0].date().isoformat()
    capsys.readouterr()
    for words in (["--dry-run"], []):
        assert call("prune", *words) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[-3:] == [
            "INFO:Moved back: 0 contents (0 MB), 0 records",
            "INFO:Deleted: 0 contents (0 MB), 0 records",
            f"INFO:Moved to unreferenced/{day}: 1 content (1 MB), 2 records",
        ]
        assert (lines[0] == "INFO:Dry run: nothing is changed.") == bool(words)
    at[0] = START + timedelta(days=16)
    assert call("prune", "-v") == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        f"INFO:unreferenced/{day}, shelf Burgos: record 1 of {uuid_of(1)}: deleted",
        f"INFO:unreferenced/{day}, shelf Burgos: record 1 of {uuid_of(2)}: deleted",
        f"INFO:unreferenced/{day}/{sha512(b'one')}: deleted",
    ]
    assert call("prune", "-q") == 0
    assert capsys.readouterr().out == ""
    assert faults(vault) == []


def test_a_prune_that_would_take_over_half_needs_force(
    vault: Vault, at: list[datetime], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in vault.shelf("Burgos").paths.runs.iterdir():
        path.unlink()
    at[0] = START + timedelta(days=8)
    assert call("prune") == 2
    assert "use --force if it should" in capsys.readouterr().err
    assert call("prune", "--force") == 0
    assert "2 contents" in capsys.readouterr().out


def test_a_verification_names_what_is_damaged(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("verify") == 0
    text = "INFO:2 contents verified (1 MB read), 0 verified before, 0 damaged, 0 missing\n"
    assert capsys.readouterr().out == text
    assert call("verify", "--older-than", "7d", "-q") == 0
    assert capsys.readouterr().out == ""
    vault.paths.content_file(sha512(b"two")).write_bytes(b"twp")
    assert call("verify", "--progress") == 1
    output = capsys.readouterr()
    assert "1 contents verified (1 MB read), 0 verified before, 1 damaged, 0 missing" in output.out
    assert f"ERROR:content {sha512(b'two')} is damaged: its 3 bytes have the SHA-512" in output.err
    named = f"ERROR:shelf Burgos: image image2 (UUID {uuid_of(2)}) needs content {sha512(b'two')[:16]}..., in 2 runs\n"
    assert named in output.err
    assert call("verify", "--level", "quick") == 1
    assert "is missing: its 3 bytes are not in the vault" in capsys.readouterr().err


def test_structure_needs_qemu_img(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nope")
    assert call("verify", "--level", "structure") == 2
    assert capsys.readouterr().err == (
        "ERROR:--level structure needs the program qemu-img, which is not installed (Debian: qemu-utils)\n"
    )


@pytest.mark.usefixtures("vault")
def test_the_vault_that_is_missing_is_named_as_in_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vault", "copy", "there", "--vault", "v"]) == 2
    assert capsys.readouterr().err.startswith("ERROR:there: no vault has this name, and there is no such folder;")
    assert main(["vault", "copy", "v", "--vault", "here"]) == 2
    assert capsys.readouterr().err.startswith("ERROR:--vault here: no vault has this name, and there")


def test_a_check_states_no_age_where_no_shelf_grows_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "notes").write_bytes(b"x")
    assert main(["vault", "init", "other"]) == 0
    assert main(["vault", "adopt", "plain", "--shelf", "files", "--vault", "other"]) == 0
    capsys.readouterr()
    assert main(["vault", "check", "--free-warning", "0%", "--free-critical", "0%", "--vault", "other"]) == 0
    assert capsys.readouterr().out.startswith("VAULT OK - 1 shelves; 1 contents; ")


def test_a_check_prints_one_line_and_has_the_exit_codes_of_nagios(
    vault: Vault, at: list[datetime], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    room = ["--free-warning", "1K", "--free-critical", "0%"]
    at[0] = datetime(2026, 3, 1, 14, 30, tzinfo=timezone.utc)
    assert call("check", *room) == 0
    line = capsys.readouterr().out
    assert line.startswith("VAULT OK - 1 shelves, the newest complete runs at most 90min old; 2 contents; ")
    assert "| 'age Burgos'=5400s;93600;180000;0 missing=0;;0;0 damaged=0;0;;0 unverified=0;0;;0 " in line
    assert line.count("\n") == 1
    at[0] += timedelta(hours=30)
    assert call("check", *room, "--metrics-file", "v.prom") == 1
    assert capsys.readouterr().out.startswith(
        "VAULT WARNING - shelf Burgos: the newest complete run is 31h old (limit 1d2h) | "
    )
    metrics = (tmp_path / "v.prom").read_text()
    assert f'glancesync_vault_status{{vault="{tmp_path}/v"}} 1.0\n' in metrics
    assert "# TYPE glancesync_vault_last_complete_run_timestamp_seconds gauge\n" in metrics
    assert os.stat("v.prom").st_mode & 0o777 == 0o644
    assert call("check", *room, "--age-critical", "30h", "--metrics-file", "v.prom") == 2
    assert 'glancesync_vault_status{vault="' in (tmp_path / "v.prom").read_text()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--vault", "/nope"], "VAULT UNKNOWN - /nope is no vault"),
        (
            ["--vault", "./v", "--age-warning", "soon"],
            "VAULT UNKNOWN - argument --age-warning: expected a time such as",
        ),
        (["--vault", "./v", "--free-warning", "101%"], "VAULT UNKNOWN - argument --free-warning: expected a part such"),
        (["--vault", "./v", "--shelf", "Burgo"], "did you mean Burgos?"),
        (["--vault", "./v", "--metrics-file", "mine.prom"], "has other content than these metrics; it is not replaced"),
        (["--vault", "./v", "--metrics-file", "v.txt"], "the collector reads only names that end in .prom"),
        (["--vault", "./v", "--metrics-file", "no/v.prom"], "no/v.prom cannot be written: No such file or directory"),
        (["--frobnicate"], "VAULT UNKNOWN - unrecognized arguments: --frobnicate"),
    ],
)
def test_what_cannot_be_checked_is_unknown(
    vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], text: str
) -> None:
    (tmp_path / "mine.prom").write_text("mine")
    assert main(["vault", "check", *words]) == 3
    output = capsys.readouterr()
    assert text in output.out
    assert (output.out.count("\n"), output.err) == (1, "")
    assert (tmp_path / "mine.prom").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["forget"], "no rule says what is kept"),
        (["forget", "--keep-last", "-1"], "argument --keep-last: expected a whole number, 0 or more, not '-1'"),
        (["forget", "--keep-last", "0"], "no rule says what is kept"),
        (["forget", "--keep-within", "long"], "argument --keep-within: expected a time such as"),
        (["forget", "--keep-last", "1", "--shelf", "Burgo"], "did you mean Burgos?"),
        (["verify", "--older-than", "x"], "argument --older-than: expected a time such as"),
        (["verify", "--level", "deep"], "invalid choice: 'deep'"),
    ],
)
def test_a_mistake_is_named(vault: Vault, capsys: pytest.CaptureFixture[str], words: list[str], text: str) -> None:
    assert call(*words) == 2
    assert text in capsys.readouterr().err
    assert len(vault.shelf("Burgos").run_times()) == 2


def test_two_runs_are_compared(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("diff", "Burgos@2026-03-01T12:00:00Z", "Burgos", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"change": "removed", "id": uuid_of(1), "name": "image1", "size": 3, "differences": ""}
    ]
    assert call("diff", "2026-03-01", "Burgos") == 0
    assert "Change" in capsys.readouterr().out
    assert call("diff", "Burgos@soon", "Burgos") == 2
    assert "TIME soon: expected a time" in capsys.readouterr().err


def test_a_vault_is_copied(vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = init_vault(tmp_path / "other")
    assert call("copy", "./other", "--progress") == 0
    text = "INFO:2 runs copied, 0 were there, 0 failed; 2 contents copied (1 MB)\n"
    assert capsys.readouterr().out == text
    assert faults(other) == []
    assert call("copy", "./other", "-q") == 0
    assert capsys.readouterr().out == ""
    assert call("copy", "./v") == 2
    assert "are the same vault" in capsys.readouterr().err
    shutil.copytree(tmp_path / "v", tmp_path / "twin")  # it has the same id
    back_up(vault, vault.shelf("Burgos"), {3: b"three"}, 3)
    assert call("copy", "./twin") == 0
    assert "INFO:1 runs copied, 2 were there, 0 failed; 1 contents copied" in capsys.readouterr().out
    assert call("copy", "./nope") == 2
    assert "ERROR:nope is no vault" in capsys.readouterr().err


def test_images_are_exported_and_adopted(vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("export", "out") == 0
    assert capsys.readouterr().out == "INFO:image2.image is written\n"
    assert call("export", "out", "--shelf", "Burgos") == 1
    assert "is there already" in capsys.readouterr().err
    (tmp_path / "out" / "image2.image.json").unlink()
    assert call("adopt", "out", "--shelf", "plain") == 0
    assert capsys.readouterr().out.startswith("INFO:out/image2.image is kept as image2 (raw, UUID ")
    assert call("adopt", "out", "--shelf", "Burgos") == 2
    assert "is bound to another source" in capsys.readouterr().err
    assert call("adopt", "out") == 2
    assert "the following arguments are required: --shelf" in capsys.readouterr().err
    assert faults(vault) == []
