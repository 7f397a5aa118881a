"""What the page for contributors says is there: its commands, the files that it names, the words that it explains."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from devcloud_lib import cli as devcloud
from docutils import nodes
from workbench import handbook, testing, trial

from tests.support.pages import CONTRIBUTING, blocks, document

ROOT = CONTRIBUTING.parents[1]
SCRIPTS: dict[str, Callable[[Sequence[str]], int]] = {
    "scripts/test": testing.main,
    "scripts/docs": handbook.main,
    "scripts/try": trial.main,
    "scripts/devcloud": devcloud.main,
}
PYTEST = [".venv/bin/python", "-m", "pytest"]
TOOLS = {".venv/bin/ruff", ".venv/bin/python", ".venv/bin/lint-imports"}


def commands(kind: str) -> list[str]:
    """The commands of the blocks that need the same check."""
    return [command for block in blocks([CONTRIBUTING]) if block.where == kind for command, _ in block.steps]


def words_for_pytest(command: str) -> argparse.Namespace:
    """What a call of pytest asks for."""
    words = shlex.split(command)
    assert words[:3] == PYTEST
    parser = argparse.ArgumentParser()
    parser.add_argument("-q", action="store_true")
    parser.add_argument("-m")
    parser.add_argument("-k")
    parser.add_argument("path")
    return parser.parse_args(words[3:])


def test_each_command_is_checked() -> None:
    assert {block.where for block in blocks([CONTRIBUTING])} == {"scripts", "pytest", "tools"}


@pytest.mark.parametrize("command", commands("scripts"))
def test_a_script_has_the_words(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    script, *words = shlex.split(command)
    own = words[: words.index("--")] if "--" in words else words
    assert (ROOT / script).is_file()
    with pytest.raises(SystemExit) as ended:
        SCRIPTS[script]([*own, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert [word for word in own if word not in shown] == []


@pytest.mark.parametrize("command", commands("pytest"))
def test_the_tests_are_there(command: str) -> None:
    asked = words_for_pytest(command)
    path = ROOT / asked.path
    files = [path] if path.is_file() else sorted(path.rglob("test_*.py"))
    assert files
    if asked.m:
        assert any(f"pytest.mark.{asked.m}" in file.read_text(encoding="utf-8") for file in files)


@pytest.mark.outside
@pytest.mark.parametrize("command", [each for each in commands("pytest") if words_for_pytest(each).m is None])
def test_the_tests_that_need_no_cloud_run(command: str) -> None:
    words = [sys.executable, *shlex.split(command)[1:], "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^[1-9][0-9]* passed", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", commands("tools"))
def test_the_tools_are_those_of_the_tests(command: str) -> None:
    program, *words = shlex.split(command)
    assert program in TOOLS
    linters = [[Path(step.command[0]).name, *step.command[1:]] for step in testing._linters(Path("bin/python"))]
    assert [Path(program).name, *words] in linters


def test_the_files_that_are_named_are_there() -> None:
    named = {node.astext().split()[0] for node in document(CONTRIBUTING).findall(nodes.literal)}
    paths = {text for text in named if re.match("(fiwareglancesync|tests|docs|scripts)/", text)}
    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_each_word_is_explained_once_and_found_by_its_first_letter() -> None:
    (section,) = [node for node in document(CONTRIBUTING).findall(nodes.section) if "glossary" in node["names"]]
    terms = [node.astext() for node in section.findall(nodes.term)]
    assert len(terms) > 40
    assert terms == sorted(set(terms))
