"""An empty name of a file or folder, as of a shell variable without a value, is not the current folder (sync 1.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.main import main


@pytest.mark.parametrize(
    ("words", "argument"),
    [
        ("vault templates ''", "DIR"),
        ("vault templates . --env ''", "--env"),
        ("vault status Burgos --vault ./v --templates ''", "--templates"),
        ("vault heal Burgos --vault ./v --templates ''", "--templates"),
        ("vault status Burgos --vault ./v --templates . --lists ''", "--lists"),
        ("vault heal Burgos --vault ./v --templates . --lists ''", "--lists"),
        ("vault classify --lists ''", "--lists"),
        ("vault init ''", "FOLDER"),
        ("vault export '' --vault ./v", "DIR"),
        ("vault adopt '' --shelf s --vault ./v", "DIR"),
        ("snapshots validate ''", "FILE"),
    ],
)
def test_it_is_refused(
    words: str, argument: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([word.strip("'") for word in words.split()]) == 2
    error, _, more = capsys.readouterr().err.partition("; see ")
    assert error == f"ERROR:argument {argument}: the name is empty; write . for the current folder"
    assert more.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "argument"),
    [
        ("snapshots next ''", "SERVER"),
        ("snapshots run --server ''", "--server"),
        ("snapshots run --set ''", "--set"),
        ("snapshots adopt '' *", "SET"),
        ("snapshots adopt daily ''", "PATTERN"),
        ("volumes plan ''", "PROJECT"),
        ("vms recover -c backup.cfg ''", "MASTER"),
    ],
)
def test_an_empty_name_does_not_mean_all(words: str, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word.strip("'") for word in words.split()]) == 2
    assert capsys.readouterr().err.startswith(f"ERROR:argument {argument}: the name is empty; see ")


@pytest.mark.parametrize("words", ["snapshots check", "volumes check", "vault check --vault ./v"])
def test_an_empty_file_of_metrics_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "--metrics-file", ""]) == 3
    assert "--metrics-file: '': the collector reads only names that end in .prom" in capsys.readouterr().out
