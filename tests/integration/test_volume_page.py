"""Runs the commands of the page about volumes on real Cinder and Nova, in the order of the page.

The comments before its blocks say who runs them: ``account`` (that makes the backups), ``member`` of the project demo,
``administrator``. An id that is shown stands for the one that was printed where it is shown first.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.development_cloud import COMMAND, ROOT, DevelopmentCloud
from tests.support.development_volumes import running_volumes
from tests.support.pages import DOCS, Block, blocks
from tests.support.programs import python_program

pytestmark = [pytest.mark.integration, pytest.mark.volumes]

PAGE = DOCS / "volumes.rst"
ACCOUNTS = {"account": "backup", "member": "demo", "administrator": "admin"}
"""Who runs the blocks with a mark: an account of the development cloud."""

RESTORES = "openstack volume backup "
"""How the first command begins with which a member restores."""

LIMIT_SECONDS = 500
GAP = "..."
ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b")
CHANGING = re.compile(
    r"\d{8}T\d{6}Z|\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?:,\d+)?|\((?:\d+min)?(?:\d+s)?\)"
    r"|\b(?:\d+ min )?\d+ s\b|oldest=\d+s"
)
"""Times and durations: what is shown of them is an example."""


class Reader:
    """Somebody who types the commands of a page and compares what they print.

    :param variables: the environment of each kind of block
    """

    def __init__(self, variables: Mapping[str, Mapping[str, str]], folder: Path) -> None:
        self._variables = variables
        self._folder = folder
        self._ids: dict[str, str] = {}

    def follow(self, block: Block) -> None:
        """Run the commands of a block; each must end and print as shown."""
        for number, (command, shown) in enumerate(block.steps):
            typed = ID.sub(lambda match: self._ids.get(match[0], match[0]), command)
            done = subprocess.run(
                ["bash", "-c", typed], cwd=self._folder, env=dict(self._variables[block.where]), capture_output=True,
                stdin=subprocess.DEVNULL, text=True, check=False, timeout=LIMIT_SECONDS,
            )  # fmt: skip
            where = f"{block.page.name}:{block.line}: {typed} printed:\n{done.stdout}{done.stderr}"
            assert done.returncode == (block.code if number == len(block.steps) - 1 else 0), where
            lines = (done.stdout or done.stderr).splitlines()
            assert not shown or len(lines) == len(shown), where
            for line in shown:
                found = next((printed for printed in lines if self._learn(line, printed)), None)
                assert found is not None, f"{where}\nwithout: {line}"
                lines.remove(found)

    def _learn(self, shown: str, printed: str) -> bool:
        """Whether a line is as it is shown; then the ids in it stand for those that are shown."""
        pattern, ids = "", ID.findall(shown)
        for text in re.split(f"({ID.pattern})", CHANGING.sub("TIME", shown)):
            pattern += f"({ID.pattern})" if ID.fullmatch(text) else ".*".join(map(re.escape, text.split(GAP)))
        match = re.fullmatch(pattern, CHANGING.sub("TIME", printed))
        if match is None:
            return False
        pairs = dict(zip(ids, match.groups(), strict=True))
        if any(self._ids.get(known, found) != found for known, found in pairs.items()):
            return False
        self._ids |= pairs
        return True


def environment(cloud: DevelopmentCloud, account: str, folder: Path) -> dict[str, str]:
    """The environment of somebody who has the program, the OpenStack client and an account."""
    words = [sys.executable, str(COMMAND), "--dir", str(cloud.folder), "env", "--account", account]
    exported = shlex.split(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    stated = dict(word.split("=", 1) for word in exported if "=" in word)
    del stated["GLANCESYNC_CONFIG"]
    program = folder / "glancesync"
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom fiwareglancesync.main import main\nsys.exit(main())\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(folder), str(Path(python_program("openstack")).parent), os.environ["PATH"]])
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OS_", "GLANCESYNC"))},
        **stated, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who reads the page, on a cloud as ``seed`` makes it, emptied afterwards."""
    folder = tmp_path_factory.mktemp("page")
    cloud = DevelopmentCloud(running_volumes(ROOT).cloud.folder)
    cloud.command("reset")
    cloud.command("seed", "--with", "volumes")  # makes the accounts, too
    variables = {mark: environment(cloud, account, folder) for mark, account in ACCOUNTS.items()}
    (folder / "examples").symlink_to(ROOT / "examples")
    yield Reader(variables, folder)
    cloud.command("reset")


def blocks_of_page() -> Iterator[Any]:
    """The blocks of the page; those with which members restore, which no other one needs, are slow."""
    are_restores = False
    for block in blocks([PAGE]):
        are_restores |= any(command.startswith(RESTORES) for command, _ in block.steps)
        if block.where in ACCOUNTS:
            marks = [pytest.mark.slow] * (are_restores and block.where == "member")
            yield pytest.param(block, marks=marks, id=f"line {block.line}")


@pytest.mark.parametrize("block", list(blocks_of_page()))
def test_the_commands_of_the_page_print_what_it_shows(reader: Reader, block: Block) -> None:
    """Each block needs those before it: run the file as a whole."""
    reader.follow(block)
