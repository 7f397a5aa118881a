"""`vault-backup`, `vault-restore`, `vault-verify`: one large image in a vault, against `curl` and `sha512sum`."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from ..cloud import MASTER, add_random_image, remove_all
from ..figures import Result, at_least, at_most, plain
from ..measure import MIB, Command, Spent, alternate, run
from ..moves import Synchronised, expect_way, synchronise
from ..setting import Setting
from ..vaults import MeasuredVault

NAME, QUARTER = "large", "quarter"
REGION = "Burgos"
HOLES = 4
"""Of so many MiB in a file with holes, one has bytes."""


def measure_backup(setting: Setting) -> Result:
    """A backup into an empty vault against `curl`, `sync` and `sha512sum`; and one of a quarter of the bytes."""
    cloud = setting.cloud()
    region, vault = cloud.region(), MeasuredVault(setting, dict(cloud.environ))
    uuid, _ = add_random_image(region, NAME, setting.size, setting.work)
    add_random_image(region, QUARTER, setting.size // 4, setting.work)
    file = setting.work / "downloaded"

    def by_hand() -> Spent:
        setting.say("vault-backup: curl, sync, sha512sum")
        spent = run(setting.shell("vault-backup.sh", cloud.shell_of(region), uuid, str(file)))
        file.unlink()
        return spent

    def backed_up(name: str) -> Spent:
        setting.say(f"vault-backup: {name}")
        vault.init()
        spent = vault.backup(MASTER, "--image", name)
        vault.remove()
        return spent

    pairs = [(by_hand(), (backed_up(NAME), backed_up(QUARTER))) for _ in range(setting.pairs)]
    gib = setting.size / MIB / 1024
    return Result(f"{setting.size // MIB} MiB", [
        at_most("whole command ÷ `curl`, `sync` and `sha512sum`", 1.15,
                [large.seconds / hand.seconds for hand, (large, _) in pairs], unit=" ×"),
        at_most("peak memory: whole − a quarter of the bytes", 8,
                [(large.peak - quarter.peak) / MIB for _, (large, quarter) in pairs], ".1f", " MiB", "+"),
        plain("peak memory", [large.peak / MIB for _, (large, _) in pairs], ".0f", " MiB"),
        plain("CPU per GiB, with start-up", [large.cpu / gib for _, (large, _) in pairs], unit=" s"),
        plain("CPU per GiB of `curl`, `sync` and `sha512sum`", [hand.cpu / gib for hand, _ in pairs], unit=" s"),
    ], [f"At best by hand {min(hand.seconds for hand, _ in pairs):.1f} s, "
        f"the program {min(large.seconds for _, (large, _) in pairs):.1f} s."])


def measure_restore(setting: Setting) -> Result:
    """A restore into an empty region against `curl -T` of the same content."""
    cloud = setting.cloud()
    environ, region = dict(cloud.environ), cloud.region(REGION)
    vault = MeasuredVault(setting, environ)
    add_random_image(cloud.region(), NAME, setting.size, setting.work)
    vault.init()
    vault.backup(MASTER)
    remove_all(cloud.region())
    (content,) = vault.contents()
    curl_moves: list[float] = []

    def by_hand() -> Spent:
        setting.say("vault-restore: curl")
        spent = run(setting.shell("one-image.sh", cloud.shell_of(region), NAME, str(content), output="times"))
        begin, end = map(float, (setting.work / "times").read_text(encoding="ascii").split())
        curl_moves.append(end - begin)
        remove_all(region)
        return spent

    def restored() -> Synchronised:
        setting.say("vault-restore: the program")
        done = synchronise(setting, environ, "--from", f"vault:{MASTER}", "--vault", str(vault.folder), REGION)
        expect_way(done, "file", 1)
        remove_all(region)
        return done

    pairs = [(by_hand(), restored()) for _ in range(setting.pairs)]
    moved = [done.moves[0].seconds / curl for (_, done), curl in zip(pairs, curl_moves, strict=True)]
    gib = setting.size / MIB / 1024
    return Result(f"{setting.size // MIB} MiB", [
        at_most("moving ÷ `curl`", 1.05, moved, unit=" ×"),
        at_most("whole command − 1.05 × `curl`", 1.5,
                [done.spent.seconds - 1.05 * hand.seconds for hand, done in pairs], unit=" s", sign="+"),
        plain("whole command ÷ `curl`", [done.spent.seconds / hand.seconds for hand, done in pairs], unit=" ×"),
        plain("CPU per GiB, with start-up", [done.spent.cpu / gib for _, done in pairs], unit=" s"),
        plain("peak memory", [done.spent.peak / MIB for _, done in pairs], ".0f", " MiB"),
    ], [f"`curl` moves {setting.size / MIB / min(curl_moves):.0f} MiB/s at best."])


def measure_verify(setting: Setting) -> Result:
    """`vault verify` against `sha512sum` of the same file, of random bytes and of one with holes; both in memory."""
    environ, figures = dict(os.environ), []
    for kind, every in (("random bytes", 1), ("a file with holes", HOLES)):
        vault = MeasuredVault(setting, environ)
        _adopt(setting, vault, every)
        (content,) = vault.contents()
        hashing = Command(["sha512sum", str(content)], environ, setting.work)
        run(hashing)
        setting.say(f"vault-verify: {kind}")
        pairs = alternate(setting.pairs, partial(run, hashing), partial(vault.verb, "verify"))
        vault.remove()
        speeds = [hand.seconds / ours.seconds for hand, ours in pairs]
        figures.append(at_least(f"{kind}: bytes per second ÷ those of `sha512sum`", 0.9, speeds, unit=" ×"))
        figures.append(plain(f"{kind}: CPU ÷ that of `sha512sum`", [b.cpu / a.cpu for a, b in pairs], unit=" ×"))
    return Result(f"{setting.size // MIB} MiB", figures)


def _adopt(setting: Setting, vault: MeasuredVault, every: int) -> None:
    """Take a file into an empty vault, of whose MiB every so many has bytes."""
    folder = setting.work / "adopted"
    folder.mkdir()
    _write_file(folder / "image.raw", setting.size, every)
    vault.init()
    vault.verb("adopt", str(folder), "--shelf", "files", "--format", "raw")
    (folder / "image.raw").unlink()
    folder.rmdir()


def _write_file(path: Path, size: int, every: int) -> None:
    with path.open("wb") as file:
        for begin in range(0, size, every * MIB):
            file.seek(begin)
            file.write(os.urandom(MIB))
        file.truncate(size)
