"""`manual` and `fan-out`: six images to three regions."""

from __future__ import annotations

import os
from pathlib import Path

from ..cloud import TARGETS, Cloud, Listener, Region, add_random_image, remove_all
from ..figures import Result, at_most, plain
from ..measure import MIB, Spent, run, run_together
from ..moves import Synchronised, expect_moves, expect_way, synchronise
from ..setting import Setting

SIZES = (16, 32, 64, 96, 128, 256)
PARALLEL = ("--parallel", "--config", "main.max_children=3", "main.images_dir=/nowhere")


def measure_manual(setting: Setting) -> Result:
    """The program against the commands that an operator would type."""
    cloud, sizes, _, regions = prepare(setting)
    lines = "".join(f"{region.keystone} {region.password} {region.name}\n" for region in regions)
    (setting.work / "regions").write_text(lines, encoding="ascii")
    os.chmod(setting.work / "regions", 0o600)
    path = f"{setting.openstack}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    shell = {**cloud.environ, "PATH": path}
    names = [f"image-{size}" for size in sizes]
    manuals, runs, spooled = [], [], []
    for number in range(setting.pairs):
        setting.say(f"manual: pair {number + 1} of {setting.pairs}")
        manuals.append(run(setting.shell("manual.sh", shell, str(setting.work / "regions"), *names)))
        clear(regions)
        runs.append(synchronise_by(setting, cloud, len(sizes), "auto"))
        clear(regions)
        spooled.append(synchronise_by(setting, cloud, len(sizes), "spool"))
        clear(regions)
    auto, spool = (
        [done.spent.seconds / manual.seconds for done, manual in zip(each, manuals, strict=True)]
        for each in (runs, spooled)
    )
    return Result(f"{sum(sizes)} MiB × 3", [
        at_most("whole command ÷ shell loop with `openstack`", 0.35, auto, unit=" ×"),
        plain("the same with `--transfer spool`", spool, unit=" ×"),
    ], [
        _ways(runs),
        f"The loop takes {_best(manuals):.1f} s, the program {_best([done.spent for done in runs]):.1f} s at best.",
    ])


def measure_fan_out(setting: Setting) -> Result:
    """The program against `curl` loops, one a region, from local files."""
    cloud, sizes, files, regions = prepare(setting)
    environs = [cloud.shell_of(region) for region in regions]
    factor = 1.25 if (os.cpu_count() or 1) < 4 else 1.10
    over, ratios, reads, cpu = [], [], [], []
    references: list[float] = []
    for number in range(setting.pairs):
        setting.say(f"fan-out: pair {number + 1} of {setting.pairs}")
        loops = run_together([setting.shell("fan-out.sh", each, *map(str, files)) for each in environs])
        reference = max(loop.seconds for loop in loops)
        clear(regions)
        listener = Listener(cloud.region().log)
        done = synchronise_by(setting, cloud, len(sizes), "spool")
        clear(regions)
        over.append(done.spent.seconds - factor * reference)
        ratios.append(done.spent.seconds / reference)
        reads.append(_read(listener, dict(zip([file.name for file in files], sizes, strict=True))) / sum(sizes))
        cpu.append(done.spent.cpu)
        references.append(reference)
    return Result(f"{sum(sizes)} MiB × 3", [
        at_most(f"whole command − {factor:.2f} × three `curl` loops", 1.5, over, unit=" s", sign="+"),
        at_most("bytes read from the master ÷ size of the images", 1.0, reads, unit=" ×"),
        plain("whole command ÷ three `curl` loops", ratios, unit=" ×"),
        plain("CPU of all processes", cpu, unit=" s"),
    ], [f"The loops take {min(references):.2f} s at best, for three Glances at once."])


def prepare(setting: Setting) -> tuple[Cloud, tuple[int, ...], list[Path], list[Region]]:
    """The cloud, the sizes in MiB and the files of the master's images, and the regions, which are empty."""
    cloud = setting.cloud()
    sizes = SIZES[:4] if setting.quick else SIZES
    master = cloud.region()
    files = [add_random_image(master, f"image-{size}", size * MIB, setting.work)[1] for size in sizes]
    return cloud, sizes, files, [cloud.region(name) for name in TARGETS]


def synchronise_by(setting: Setting, cloud: Cloud, images: int, way: str) -> Synchronised:
    """Run the program for all regions in parallel.

    :param images: how many each region gets
    :param way: how, or ``auto``
    """
    done = synchronise(setting, dict(cloud.environ), *TARGETS, "--transfer", way, *PARALLEL)
    if way == "auto":
        expect_moves(done, images * len(TARGETS))
    else:
        expect_way(done, way, images * len(TARGETS))
    return done


def _read(listener: Listener, sizes: dict[str, int]) -> float:
    """MiB that were read from the master, reckoned from its requests; a resumed one counts as a whole one."""
    read = 0
    for method, path, _ in listener.requests():
        parts = path.split("/")
        if method == "GET" and parts[-1] == "file":
            read += sizes[parts[-2]]
    return read


def _ways(runs: list[Synchronised]) -> str:
    ways = [move.way for move in runs[-1].moves]
    return "Ways: " + ", ".join(f"{ways.count(way)} × `{way}`" for way in sorted(set(ways))) + "."


def clear(regions: list[Region]) -> None:
    """Remove all images of regions."""
    for region in regions:
        remove_all(region)


def _best(every: list[Spent]) -> float:
    return min(spent.seconds for spent in every)


