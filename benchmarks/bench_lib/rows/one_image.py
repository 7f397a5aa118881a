"""`one-image`: one large image by each way, against `curl` on the same Glance."""

from __future__ import annotations

from ..cloud import MASTER, Region, add_random_image, remove_all
from ..figures import Figure, Result, at_most, plain
from ..measure import MIB, Spent, Spread, run
from ..moves import Synchronised, expect_way, not_there, synchronise
from ..setting import Setting

WAYS = {"file": 1.05, "stream": 1.05, "spool": 1.15, "server": 1.25}
"""The ways, and how much longer than `curl` moving may take."""

NAME = "large"
REGION = "Burgos"


def measure(setting: Setting) -> Result:
    """Every way in turn with `curl`; the region is empty before each run."""
    cloud = setting.cloud()
    environ = dict(cloud.environ)
    region = cloud.region(REGION)
    uuid, file = add_random_image(cloud.region(), NAME, setting.size, setting.work)
    shell = {**cloud.shell_of(region), "MASTER": MASTER}
    imports: list[float] = []
    curl_moves: dict[str, list[float]] = {}
    curls: dict[str, list[Spent]] = {}
    runs: dict[str, list[Synchronised]] = {}
    skipped = {way: why for way in WAYS if (why := not_there(setting, environ, way, REGION))}
    for number in range(setting.pairs):
        for way in WAYS:
            if way in skipped:
                continue
            setting.say(f"one-image: pair {number + 1} of {setting.pairs}, {way}")
            spent, moving = _timed(setting, shell, region, "one-image.sh", NAME, str(file))
            curls.setdefault(way, []).append(spent)
            curl_moves.setdefault(way, []).append(moving)
            done = synchronise(setting, environ, REGION, "--transfer", way)
            expect_way(done, way, 1)
            runs.setdefault(way, []).append(done)
            remove_all(region)
            if way == "server":
                imports.append(_timed(setting, shell, region, "import.sh", uuid)[1])
    startup = _startup(setting, environ, region)
    figures: list[Figure] = []
    for way, limit in WAYS.items():
        if way in skipped:
            figures.append(Figure(f"`{way}`", f"≤ {limit}", f"not measured: {skipped[way]}", None))
            continue
        figures += _figures(setting, way, limit, runs[way], curls[way], curl_moves[way], startup.median)
    if "server" in runs:
        moved = [done.moves[0].seconds for done in runs["server"]]
        figures += [
            plain("`server`: moving ÷ the same import asked for with `curl`",
                  [a / b for a, b in zip(moved, imports, strict=True)], unit=" ×"),
            plain("that import ÷ `curl -T`", [a / b for a, b in zip(imports, curl_moves["server"], strict=True)],
                  unit=" ×"),
        ]
    speed = setting.size / MIB / Spread.of([value for values in curl_moves.values() for value in values]).median
    return Result(f"{setting.size // MIB} MiB", figures, [
        f"`curl` moves {speed:.0f} MiB/s; start-up of the program (a run with everything in step): "
        f"{startup.median:.2f} s of CPU."
    ])


def _figures(
    setting: Setting, way: str, limit: float, runs: list[Synchronised], curls: list[Spent], moving: list[float],
    startup: float,
) -> list[Figure]:
    gib = setting.size / MIB / 1024
    moves = [done.moves[0].seconds for done in runs]
    cpu = [(done.spent.cpu - startup) / gib for done in runs]
    return [
        at_most(f"`{way}`: moving ÷ `curl`", limit, [a / b for a, b in zip(moves, moving, strict=True)], unit=" ×"),
        at_most(
            f"`{way}`: whole command − 1.05 × `curl`", 1.5,
            [done.spent.seconds - 1.05 * curl.seconds for done, curl in zip(runs, curls, strict=True)],
            unit=" s", sign="+",
        ),
        at_most(f"`{way}`: CPU per GiB without start-up", 0.6, cpu, unit=" s"),
        plain(f"`{way}`: peak memory", [done.spent.peak / MIB for done in runs], form=".0f", unit=" MiB"),
    ]


def _timed(setting: Setting, shell: dict[str, str], region: Region, script: str, *words: str) -> tuple[Spent, float]:
    """What a reference script took as a whole, and the seconds that it says moving took."""
    spent = run(setting.shell(script, shell, *words, output="times"))
    begin, end = map(float, (setting.work / "times").read_text(encoding="ascii").split())
    remove_all(region)
    return spent, end - begin


def _startup(setting: Setting, environ: dict[str, str], region: Region) -> Spread:
    """CPU of a run that finds everything in step."""
    synchronise(setting, environ, REGION, "--transfer", "file")
    spent = [synchronise(setting, environ, REGION).spent.cpu for _ in range(3)]
    remove_all(region)
    return Spread.of(spent)
