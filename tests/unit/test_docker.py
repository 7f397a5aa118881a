"""The container images are as they should be; docker itself is not needed to see that."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync.api.server_command import cli
from fiwareglancesync.api.server_options import SERVER_OPTIONS
from fiwareglancesync.api.server_settings import LOGGING_FILE, SYSTEM_FOLDER
from tests.support.programs import python_program

FOLDER = Path(__file__).resolve().parents[2] / "docker"
PORT = next(option.default for option in SERVER_OPTIONS if option.key == "PORT")
DOCKERFILE = FOLDER / "Dockerfile"


def stages() -> dict[str, list[list[str]]]:
    """The instructions of each stage, as words."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    found: dict[str, list[list[str]]] = {}
    for line in filter(str.strip, text.splitlines()):
        words = line.split()
        if words[0] == "FROM":
            found[words[3]] = []
        found[list(found)[-1]].append(words)
    return found


def instruction(stage: str, name: str) -> str:
    """What comes after the name of the only instruction of its kind in a stage."""
    (words,) = [words for words in stages()[stage] if words[0] == name]
    return " ".join(words[1:])


def test_the_linter_has_nothing_to_say() -> None:
    done = subprocess.run([python_program("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_base_is_slim_and_of_one_version() -> None:
    bases = {words[1] for found in stages().values() for words in found if words[0] == "FROM"} - set(stages())
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+", base) for base in bases)
    assert len(bases) == 1


def test_nothing_runs_as_root() -> None:
    assert instruction("base", "USER") == "1000"
    assert all(words[0] != "USER" for stage in ("server", "command") for words in stages()[stage])


def test_the_command_is_what_is_built_unless_another_is_asked_for() -> None:
    assert list(stages())[-1] == "command"
    assert instruction("command", "ENTRYPOINT") == '["glancesync"]'


def test_the_server_is_started_with_a_command_that_it_has() -> None:
    assert instruction("server", "ENTRYPOINT") == '["glancesync-server"]'
    name, *options = re.findall(r'"([^"]+)"', instruction("server", "CMD"))
    assert cli.commands[name].make_context(name, options).params["host"] == "0.0.0.0"  # noqa: S104


def test_the_health_of_the_server_is_checked_where_it_listens() -> None:
    check = instruction("server", "HEALTHCHECK")
    assert instruction("server", "EXPOSE") == PORT
    assert f"http://127.0.0.1:{PORT}/health?live=1" in check
    code = re.findall(r'"([^"]*)"', check)[-1]
    compile(code, "health check", "exec")


def test_the_log_goes_where_the_server_looks_for_its_settings() -> None:
    source, target = shlex.split(instruction("server", "COPY"))
    assert target == f"{SYSTEM_FOLDER}/"
    assert Path(source).name == LOGGING_FILE
    parser = configparser.RawConfigParser()
    assert parser.read(FOLDER.parent / source)
    assert parser["handler_stderr"]["args"] == "(sys.stderr,)"


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    lines = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        word.removeprefix("./")
        for found in stages().values()
        for words in found
        if words[0] == "COPY" and not words[1].startswith("--from")
        for word in words[1:-1]
    }
    assert lines[0] == "*"
    assert {name for name in copied if not any(part == name or part.startswith(f"{name}/") for part in sent)} == set()
    assert {name for name in sent if not any(name == part or name.startswith(f"{part}/") for part in copied)} == set()
    assert all((FOLDER.parent / name).exists() for name in sent)


@pytest.mark.outside
def test_what_is_copied_is_enough_to_install(tmp_path: Path) -> None:
    for line in (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split():
        if line.startswith("!"):
            source, target = FOLDER.parent / line[1:], tmp_path / line[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(tmp_path)], check=True, capture_output=True)
    assert len(list(tmp_path.glob("*.whl"))) == 1
