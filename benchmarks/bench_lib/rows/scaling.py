"""`scaling`: what a region costs as regions grow; no target, but what docs/scaling.rst is reckoned from."""

from __future__ import annotations

from ..cloud import Cloud, Listener, add_many_images, add_random_image, remove_all
from ..figures import Figure, Result
from ..measure import MIB, Spread
from ..moves import expect_way, not_there, synchronise
from ..setting import Setting

REGIONS = ("Burgos", "Caceres", "federation2:Madrid", "Aviles", "Cadiz", "Lleida", "Malaga", "Zamora")
STEPS = (1, 2, 4, 8)
SIZES = (64, 64, 128, 256)
LISTED = 500
WAYS = ("file", "stream", "spool", "server")


def measure(setting: Setting) -> Result:
    """The same images to 1, 2, 4 and 8 regions by each way; then runs that find everything in step."""
    cloud = setting.cloud(regions=len(REGIONS))
    environ = dict(cloud.environ)
    sizes = SIZES[:2] if setting.quick else SIZES
    known = {add_random_image(cloud.region(), f"image-{number}", size * MIB, setting.work)[0]: size
             for number, size in enumerate(sizes)}
    details = ["| way | regions | wall | per region | MiB/s, all regions | client CPU | client CPU per GiB moved "
               "| largest process | read from the master |", "|---|---|---|---|---|---|---|---|---|"]
    rounds = max(1, setting.pairs // 2)
    for way in WAYS:
        # Another Keystone's region cannot fetch from the master, so this way has one region less.
        regions = [name for name in REGIONS if way != "server" or ":" not in name]
        if not_there(setting, environ, way, REGIONS[0]):
            details.append(f"| `{way}` | not there yet | | | | | | | |")
            continue
        for step in sorted({min(step, len(regions)) for step in STEPS}):
            details.append(_moved(setting, cloud, way, regions[:step], known, rounds))
    for name in REGIONS:
        remove_all(cloud.region(name))
    remove_all(cloud.region())
    details += ["", f"Everything in step, {LISTED} images a region:", "",
                "| regions | wall | per region | client CPU | CPU per region |", "|---|---|---|---|---|"]
    add_many_images([cloud.region(), *map(cloud.region, REGIONS)], LISTED)
    for step in STEPS:
        setting.say(f"scaling: in step, {step} regions")
        spent = [synchronise(setting, environ, *REGIONS[:step]).spent for _ in range(rounds)]
        wall, cpu = (Spread.of(values).median for values in ([s.seconds for s in spent], [s.cpu for s in spent]))
        details.append(f"| {step} | {wall:.2f} s | {wall / step:.2f} s | {cpu:.2f} s | {cpu / step:.2f} s |")
    figure = Figure("cost per region, 1 … 8 regions", "", "see below and docs/scaling.rst", None)
    return Result(f"{sum(sizes)} MiB a region", [figure], details)


def _moved(setting: Setting, cloud: Cloud, way: str, regions: list[str], known: dict[str, int], rounds: int) -> str:
    environ = dict(cloud.environ)
    total = sum(known.values()) * len(regions)
    walls, cpus, peaks, reads = [], [], [], []
    for _ in range(rounds):
        setting.say(f"scaling: {way}, {len(regions)} regions")
        listener = Listener(cloud.region().log)
        done = synchronise(setting, environ, *regions, "--parallel", "--transfer", way, "--config",
                           f"main.max_children={len(regions)}")
        expect_way(done, way, len(known) * len(regions))
        walls.append(done.spent.seconds)
        cpus.append(done.spent.cpu)
        peaks.append(done.spent.peak / MIB)
        read = sum(known.get(path.split("/")[-2], 0) for method, path, _ in listener.requests()
                   if method == "GET" and path.endswith("/file"))
        reads.append(read / sum(known.values()))
        for name in regions:
            remove_all(cloud.region(name))
    wall, cpu, peak, reading = (Spread.of(values).median for values in (walls, cpus, peaks, reads))
    return (f"| `{way}` | {len(regions)} | {wall:.2f} s | {wall / len(regions):.2f} s | {total / wall:.0f} "
            f"| {cpu:.2f} s | {cpu / total * 1024:.2f} s | {peak:.0f} MiB | {reading:.1f} × |")
