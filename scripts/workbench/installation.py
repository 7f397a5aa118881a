"""Installs the program as users do, from the checkout and from a built wheel, and calls its commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MANUAL_PAGE = Path("share", "man", "man1", "glancesync.1")
CONSTRAINTS = ROOT / "requirements.txt"
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
COMMANDS = ("glancesync", "glancesync-completion", "glancesync-generate-config", "glancesync-server", "snapmanager")


def main() -> int:
    """Check both ways to install.

    :returns: the exit code
    """
    with tempfile.TemporaryDirectory(prefix="glancesync-install-") as folder:
        source = Path(folder, "source")
        shutil.copytree(ROOT, source, ignore=LEFT_OUT)
        _check_install(Path(folder, "from-checkout"), source)
        _call(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", f"{folder}/wheels", str(source)]
        )
        (wheel,) = Path(folder, "wheels").glob("*.whl")
        _check_install(Path(folder, "from-wheel"), wheel)
    return 0


def _check_install(venv: Path, what: Path) -> None:
    _call([sys.executable, "-m", "venv", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip"]
    _call([*pip, "install", "-q", "--constraint", str(CONSTRAINTS), str(what)])
    _call([*pip, "check"])
    for command in COMMANDS:
        _call([str(venv / "bin" / command), "--help"])
    if not (venv / MANUAL_PAGE).is_file():
        sys.exit(f"{what.name}: the manual page is not installed")
    print(f"{what.name}: installed; {' and '.join(COMMANDS)} work")


def _call(command: Sequence[str]) -> None:
    """Run a command away from the checkout, so that nothing is imported from there by accident."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=tempfile.gettempdir(),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
