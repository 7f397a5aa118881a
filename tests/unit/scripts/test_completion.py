"""What the shells complete is what the command takes."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from fiwareglancesync.cli.sync_arguments import WAYS, build_parser
from fiwareglancesync.commands import COMMANDS
from fiwareglancesync.scripts.completion import SHELLS, completion, main
from tests.support.programs import program

ASK = """
source {script}
COMP_WORDS=({words}) COMP_CWORD={last}
$(complete -p glancesync | sed 's/.*-F \\([^ ]*\\).*/\\1/') glancesync
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The completion of bash, in a file."""
    path = tmp_path_factory.mktemp("completion") / "glancesync.bash"
    path.write_text(completion("bash"), encoding="utf-8")
    return path


def completed(script: Path, *words: str) -> set[str]:
    """What bash offers for the last word."""
    line = shlex.join(["glancesync", *words])
    text = ASK.format(script=script, words=line, last=len(words))
    done = subprocess.run(["bash", "-c", text], cwd=script.parent, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_bash_completes_options(script: Path) -> None:
    assert completed(script, "Burgos", "--show-") == {"--show-status", "--show-regions"}


def test_bash_completes_every_option_of_the_command(script: Path) -> None:
    options = {name for action in build_parser("glancesync")._actions for name in action.option_strings}
    assert completed(script, "--") == {name for name in options if name.startswith("--")}


def test_bash_completes_the_values_of_options(script: Path) -> None:
    assert completed(script, "--transfer", "") == set(WAYS)


@pytest.mark.parametrize("option", ["--conf", "--events", "--report"])
def test_bash_completes_names_of_files(script: Path, option: str) -> None:
    assert completed(script, option, "glancesync.b") == {"glancesync.bash"}


def test_bash_completes_names_of_folders(script: Path) -> None:
    (script.parent / "logs").mkdir()
    assert completed(script, "--output-dir", "") == {"logs"}


def test_bash_completes_the_words_that_are_commands(script: Path) -> None:
    assert completed(script, "") == set(COMMANDS)


def test_bash_completes_the_words_and_options_of_a_command(script: Path) -> None:
    assert completed(script, "remote", "st") == {"status"}
    assert completed(script, "remote", "status", "--for") == {"--format"}


def test_zsh_can_read_its_own(tmp_path: Path) -> None:
    path = tmp_path / "_glancesync"
    path.write_text(completion("zsh"), encoding="utf-8")
    subprocess.run([program("zsh"), "-n", str(path)], check=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([shell]) == 0
    assert capsys.readouterr().out == completion(shell) + "\n"


def test_another_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fish"]) == 2
    assert "invalid choice" in capsys.readouterr().err
