"""`snapshot-run`: a snapshot of each of many volumes and the removal of the one before, on real Ceph."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devcloud_lib.ceph import ceph_cluster
from devcloud_lib.ceph.ceph_cluster import CINDER, SNAPSHOTS, CephCluster
from workbench.cloud import command, exported

from ..figures import Result, at_most, plain
from ..measure import Command, Failed, Spent, alternate, run
from ..setting import CHECKOUT, PROGRAM, REFERENCE, Setting

IMAGES = Path(__file__).resolve().parents[1] / "snapshot_images.py"
POOL, THREADS = "volumes", 4
VOLUMES_OF_A_SERVER = 4
SCHEDULE = "'*': 1@0\n"
SETTINGS = """\
[main]
database = sqlite:///{folder}/state.db
[snapshots]
schedule_file = {folder}/snap_sched.yml
server_list = {folder}/server_list.txt
ceph_conf = {conf}
ceph_user = {user}
ceph_pool = {pool}
max_parallel = {threads}
"""


@dataclass(frozen=True)
class _Files:
    """What both commands read."""

    folder: Path
    cluster: CephCluster

    @property
    def conf(self) -> Path:
        return self.folder / "glancesync.conf"


def measure(setting: Setting) -> Result:
    """The time of a whole run beside a loop with as many threads; both keep one snapshot of their own."""
    volumes = 100 if setting.quick else 1_000
    files = _Files(setting.work, _cluster(setting))
    _write(setting, files, volumes)
    for warm in (_run, _bare):  # the first one removes nothing
        warm(setting, files)
    pairs = alternate(setting.pairs, lambda: _run(setting, files), lambda: _bare(setting, files))
    ratios = [own.seconds / bare.seconds for own, bare in pairs]
    return Result(
        f"{volumes} volumes, {THREADS} threads",
        [
            at_most("time ÷ that of the bare loop", 1.3, ratios, unit=" ×"),
            plain("time", [own.seconds for own, _ in pairs], form=".1f", unit=" s"),
            plain("time of the bare loop", [bare.seconds for _, bare in pairs], form=".1f", unit=" s"),
            plain("CPU", [own.cpu for own, _ in pairs], form=".1f", unit=" s"),
            plain("CPU of the bare loop", [bare.cpu for _, bare in pairs], form=".1f", unit=" s"),
        ],
        ["Each time is that of a whole command. One OSD runs on the same processors."],
    )


def _cluster(setting: Setting) -> CephCluster:
    setting.say("scripts/devcloud up --with ceph")
    done = subprocess.run(command("up", "--with", "ceph"), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"scripts/devcloud up: {done.stderr.strip()[-800:]}")
    return ceph_cluster.load(Path(exported(os.environ)["GLANCESYNC_CONFIG"]).parent)


def _write(setting: Setting, files: _Files, count: int) -> None:
    """Make images, and the files that say of which volumes snapshots are made."""
    words = [setting.python, str(IMAGES), str(files.cluster.config_file), CINDER, POOL, str(count)]
    run(Command(words, dict(os.environ), files.folder, "volumes"))
    volumes = (files.folder / "volumes").read_text(encoding="ascii").split()
    servers = [volumes[start : start + VOLUMES_OF_A_SERVER] for start in range(0, count, VOLUMES_OF_A_SERVER)]
    lines = [f"{some[0]}\tproject\tserver-{number}\t{','.join(some)}\n" for number, some in enumerate(servers)]
    (files.folder / "server_list.txt").write_text("".join(lines), encoding="ascii")
    (files.folder / "snap_sched.yml").write_text(SCHEDULE, encoding="ascii")
    (files.folder / "names").write_text("".join(f"volume-{volume}\n" for volume in volumes), encoding="ascii")
    values = {"conf": files.cluster.config_file, "user": SNAPSHOTS, "pool": POOL, "threads": THREADS}
    files.conf.write_text(SETTINGS.format(folder=files.folder, **values), encoding="utf-8")


def _run(setting: Setting, files: _Files) -> Spent:
    words = [setting.python, str(PROGRAM), "snapshots", "run", "--conf", str(files.conf), "--format", "json"]
    return run(Command(words, dict(os.environ), files.folder, "output"))


def _bare(setting: Setting, files: _Files) -> Spent:
    words = [setting.python, str(REFERENCE / "bare_snapshots.py"), str(files.cluster.config_file), SNAPSHOTS, POOL]
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return run(Command([*words, str(THREADS), str(files.folder / "names")], environ, files.folder))
