"""`plan`: the statuses of a large federation, computed from the embedded federation."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import uuid
from pathlib import Path

from ..figures import Result, at_most, plain
from ..measure import MIB, Command, Failed, Spent, run
from ..setting import LOADER, REFERENCE, Setting

OWNER = "0123456789abcdef0123456789abcdef"
MASTER = "Spain"
CONFIG = f"[main]\nmaster_region = {MASTER}\n[master]\ntenant = benchmark\ntenant_id = {OWNER}\n"


def measure(setting: Setting) -> Result:
    """`--show-status` of the loaded federation against reading the same CSV files."""
    images, regions = (1000, 100) if setting.quick else (10_000, 100)
    large = Federation(setting, images, regions)
    small = Federation(setting, images // 10, regions)
    # Read, large, small, read …: the large one has both its references beside it.
    rounds = [(large.read(), large.status(setting), small.status(setting)) for _ in range(setting.pairs)]
    ratios = [status.seconds / read.seconds for read, status, _ in rounds]
    growth = [status.seconds / tenth.seconds for _, status, tenth in rounds]
    best_read, best_status = (min(each[number].seconds for each in rounds) for number in (0, 1))
    return Result(
        f"{images} × {regions}",
        [
            at_most("`--show-status` ÷ reading the CSV files", 6, ratios, unit=" ×"),
            at_most("peak memory", 400, [status.peak / MIB for _, status, _ in rounds], form=".0f", unit=" MiB"),
            at_most("10 × the images: time", 11, growth, unit=" ×"),
            plain("the first in CPU instead of time", [status.cpu / read.cpu for read, status, _ in rounds], unit=" ×"),
            plain("the third in CPU", [status.cpu / tenth.cpu for _, status, tenth in rounds], unit=" ×"),
        ],
        [f"At best reading takes {best_read:.2f} s, the status of {images * regions:,} images {best_status:.2f} s."],
    )


class Federation:
    """A federation as CSV files and loaded.

    :param images: in the master
    :param regions: beside the master
    """

    def __init__(self, setting: Setting, images: int, regions: int) -> None:
        self._setting = setting
        self._lines = images * regions
        self._source = setting.work / f"csv-{images}"
        self.loaded = setting.work / f"embedded-{images}"
        self._source.mkdir()
        setting.say(f"plan: writing and loading {images} images × {regions} regions")
        master = [_row(MASTER, number) for number in range(images)]
        _write(self._source, MASTER, master)
        for region in range(regions):
            name = f"Region{region:03}"
            _write(self._source, name, [_row(name, number) for number in range(images) if number % 50 != region % 50])
        words = [setting.python, str(LOADER), "--path", str(self.loaded), str(self._source)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"the federation cannot be loaded: {done.stderr.strip()}")
        config = setting.work / "plan.conf"
        config.write_text(CONFIG, encoding="ascii")
        self.environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("OS_", "GLANCESYNC"))},
            "GLANCESYNC_MOCKPERSISTENT_PATH": str(self.loaded), "GLANCESYNC_CONFIG": str(config),
        }

    def read(self) -> Spent:
        """The reference."""
        words = [self._setting.python, str(REFERENCE / "read_csv.py"), str(self._source)]
        return run(Command(words, self.environ, self._setting.work, "read.csv"))

    def status(self, setting: Setting) -> Spent:
        """The program.

        :param setting: says which
        """
        words = [setting.python, str(setting.program), "--show-status"]
        spent = run(Command(words, self.environ, self._setting.work, "status.csv"))
        with (self._setting.work / "status.csv").open("rb") as file:
            lines = sum(1 for _ in file)
        if lines != self._lines:
            raise Failed(f"--show-status printed {lines} lines, {self._lines} were expected")
        return spent


def _row(region: str, number: int) -> list[str]:
    properties = {"nid": str(number), "type": "benchmark", "os_distro": "debian"}
    if region != MASTER and number % 97 == 0:
        properties["os_distro"] = "ubuntu"
    checksum = f"{number + (10**9 if region != MASTER and number % 89 == 0 else 0):032x}"
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{region}/{number}"))
    return [region, f"image-{number:06}", identity, "active", str(1000 + number), checksum, OWNER, "True",
            json.dumps(properties)]


def _write(folder: Path, region: str, rows: list[list[str]]) -> None:
    with (folder / f"backup_{region}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


