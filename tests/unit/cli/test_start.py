"""What the command does before it does anything, as little as possible, and how its process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "glanceclient",
    "keystoneauth1",
    "keystoneclient",
    "openstack",
    "pydantic",
    "requests",
    "rich",
    "sqlite3",
    "tenacity",
    "yaml",
)

SCRIPT = """
import sys
from fiwareglancesync.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


ENDING = """
import atexit, os, signal, sys
from fiwareglancesync.main import main
number = getattr(signal, sys.argv.pop())
atexit.register(lambda: os.kill(os.getpid(), number))
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["--unknown"], 2),
        (["--image"], 2),
        (["remote", "--help"], 0),
        (["remote", "sync", "--help"], 0),
        (["remote", "watch"], 2),
    ],
)
def test_help_and_mistakes_load_no_library(root: Path, words: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], cwd=root, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == code
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "LOADED"
    assert sorted(set(HEAVY) & set(loaded)) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_comes_when_all_is_done_changes_nothing(root: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "backup_Spain.csv").write_text("")
    embedded = tmp_path / "federation"
    loader = root / "fiwareglancesync" / "glancesync_serverfacade_mock.py"
    subprocess.run([sys.executable, loader, "--path", embedded, tmp_path], check=True, capture_output=True)
    environment = os.environ | {"GLANCESYNC_MOCKPERSISTENT_PATH": str(embedded), "OS_REGION_NAME": "Spain"}
    words = ["--show-status", "-q", "--config", "master.credential=u,cA==,http://127.0.0.1/,t", name]
    done = subprocess.run(
        [sys.executable, "-c", ENDING, *words],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
