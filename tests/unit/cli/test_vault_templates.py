"""``glancesync vault templates`` as a user calls it (vault 5.1)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from fiwareglancesync.main import main
from tests.support.heat_cases import FOLDER

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "templates"


def test_the_examples_show_needed_and_mentioned_images(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vault", "templates", str(EXAMPLES), "--strict"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines() if line.startswith((" needed", " mentioned"))]
    assert {row[1] for row in rows if row[0] == "needed"} == {
        *("ubuntu-24.04", "centos-7", "web-pages", "mongodb-7", "orion-psb-image-R5.4", "kurento-image-R6.3"),
        *("partner-tools", "repository-image-R5", "debian-12-netinst"),
    }
    assert {row[1] for row in rows if row[0] == "mentioned"} == {
        *("orion-psb-image-R5.3", "kurento-image-R6.2", "wirecloud-draft")
    }
    assert err == ""


def test_what_is_unresolved_is_a_row_and_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    folder = FOLDER / "parameter-without-value"
    assert main(["vault", "templates", str(folder), "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    file = str(folder / "main.yaml")
    rows = list(csv.reader(out.splitlines()))
    assert rows[1] == ["unresolved", "{get_param: image}", file, "15", "the parameter image has no value"]
    assert err == "WARNING:3 entries of templates are unresolved; what they name is not known\n"


def test_strict_makes_it_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    folder = FOLDER / "function-select"
    assert main(["vault", "templates", str(folder), "--format", "json", "--strict"]) == 2
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert list(document) == ["needed", "mentioned", "unresolved", "files"]
    assert document["needed"][0] == {"image": "two", "file": str(folder / "main.yaml"), "line": 3}
    assert document["unresolved"][0]["reason"] == "the value has no entry 7"
    assert document["files"] == 1
    assert err == "ERROR:1 entry of templates is unresolved, and --strict is given\n"


def test_patterns_replace_the_usual_ones(capsys: pytest.CaptureFixture[str]) -> None:
    for words, needed in ((["--exclude", ""], 9 + 1), (["--exclude", "web", "--exclude", "media"], 6)):
        assert main(["vault", "templates", str(EXAMPLES), "--format", "csv", *words]) == 0
        rows = list(csv.reader(capsys.readouterr().out.splitlines()))
        assert sum(row[0] == "needed" for row in rows) == needed


def test_environments_are_named_one_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for name in ("one", "two", "three"):
        files.append(str(tmp_path / f"{name}.yaml"))
        Path(files[-1]).write_text(f"parameters: {{image: {name}, network: n}}\n")
    words = ["--env", *files[:2], "--env", files[2]]
    assert main(["vault", "templates", str(EXAMPLES), "--format", "csv", *words]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert {"one", "two", "three"} <= {row[1] for row in rows if row[0] == "needed"}


@pytest.mark.parametrize("words", [[], ["absent"], [str(EXAMPLES), "--env", "absent"]])
def test_a_wrong_call_ends_with_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vault", "templates", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


def test_a_file_is_no_folder_of_templates(capsys: pytest.CaptureFixture[str]) -> None:
    file = EXAMPLES / "web" / "web.yaml"
    assert main(["vault", "templates", str(file)]) == 2
    advice = f"name the folder that has it, {EXAMPLES / 'web'}"
    assert capsys.readouterr().err == f"ERROR:{file} is a file, and no folder of templates; {advice}\n"


@pytest.mark.parametrize("pattern", ["web/web.yaml", "web/"])
def test_a_pattern_for_several_parts_of_a_path_is_refused(
    pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vault", "templates", str(EXAMPLES), "--exclude", pattern]) == 2
    error = f"ERROR:--exclude {pattern} has a slash, so nothing matches it; "
    assert capsys.readouterr().err.startswith(error)
