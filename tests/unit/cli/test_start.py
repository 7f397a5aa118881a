"""What the command does before it does anything: as little as possible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "glanceclient",
    "keystoneauth1",
    "keystoneclient",
    "openstack",
    "requests",
    "rich",
    "sqlite3",
    "tenacity",
    "yaml",
)

SCRIPT = """
import sys
from fiwareglancesync.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["--version"], 0), (["--unknown"], 2), (["--image"], 2)])
def test_help_and_mistakes_load_no_library(root: Path, words: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], cwd=root, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "LOADED"
    assert sorted(set(HEAVY) & set(loaded)) == []
