"""`vault-many`, `vault-shelves`, `vault-ls`: many small images in a vault."""

from __future__ import annotations

import os
import shutil

from ..cloud import MASTER, SMALL_BYTES, Listener, add_small_images
from ..figures import Figure, Result, at_most, plain
from ..measure import Failed, Spent, alternate, run
from ..setting import Setting
from ..vaults import MeasuredVault
from .no_op import queries, summary, superfluous

IMAGES, FEW_IMAGES = 2000, 500
SHELVES, FEW_SHELVES = 100, 10
SHARED_IMAGES = 500
LISTED, FEW_LISTED = 10_000, 2000


def measure_many(setting: Setting) -> Result:
    """A first backup of many images against `curl`, `sync` and `sha512sum`, and the next one against the listings."""
    count = FEW_IMAGES if setting.quick else IMAGES
    cloud = setting.cloud()
    region, vault = cloud.region(), MeasuredVault(setting, dict(cloud.environ))
    images = add_small_images(region, count)
    downloads = setting.work / "downloads"
    (setting.work / "listings").write_text("".join(queries(region)), encoding="ascii")
    os.chmod(setting.work / "listings", 0o600)
    listings = setting.shell("listings.sh", cloud.environ, str(setting.work / "listings"))

    def by_hand() -> Spent:
        setting.say("vault-many: curl, sync, sha512sum")
        shutil.rmtree(downloads, ignore_errors=True)
        downloads.mkdir()
        return run(setting.shell("vault-many.sh", cloud.shell_of(region), str(downloads), *images))

    def backed_up() -> Spent:
        setting.say("vault-many: first backup")
        vault.init()
        return vault.backup(MASTER)

    first = alternate(max(3, setting.pairs // 2), by_hand, backed_up)
    run(listings)
    vault.backup(MASTER)
    listener = Listener(region.log)
    keystones = {name: Listener(log) for name, log in cloud.keystone_logs().items()}
    vault.backup(MASTER)
    asked = {name: [f"{method} {path}" for method, path, _ in each.requests()]
             for name, each in {MASTER: listener, **keystones}.items()}
    setting.say("vault-many: next backups")
    second = alternate(setting.pairs, lambda: run(listings), lambda: vault.backup(MASTER))
    return Result(f"{count} images", [
        at_most("unchanged: whole command − 1.30 × `curl`", 1.0,
                [ours.seconds - 1.30 * hand.seconds for hand, ours in second], unit=" s", sign="+"),
        superfluous(asked),
        plain("unchanged: CPU of the command", [ours.cpu for _, ours in second], unit=" s"),
        plain("first: whole command ÷ `curl` (eight at a time), `sync` and `sha512sum`",
              [ours.seconds / hand.seconds for hand, ours in first], unit=" ×"),
        plain("first: whole command for an image", [ours.seconds / count * 1000 for _, ours in first], ".1f", " ms"),
        plain("first: CPU of the command", [ours.cpu for _, ours in first], unit=" s"),
    ], [f"At best the first backup takes {min(ours.seconds for _, ours in first):.1f} s, by hand "
        f"{min(hand.seconds for hand, _ in first):.1f} s; the next one {min(b.seconds for _, b in second):.2f} s, the "
        f"listings {min(a.seconds for a, _ in second):.2f} s.",
        *(f"The next backup asked {name}: {summary(words)}." for name, words in asked.items())])


def measure_shelves(setting: Setting) -> Result:
    """Many shelves with the same images: what is fetched, and what a further shelf costs."""
    shelves = FEW_SHELVES if setting.quick else SHELVES
    cloud = setting.cloud()
    region, vault = cloud.region(), MeasuredVault(setting, dict(cloud.environ))
    images = add_small_images(region, SHARED_IMAGES)
    vault.init()
    listener = Listener(region.log)
    spent = []
    for number in range(shelves):
        setting.say(f"vault-shelves: shelf {number + 1} of {shelves}")
        spent.append(vault.backup(MASTER, "--shelf", f"shelf-{number:03}"))
    fetched = [path for method, path, _ in listener.requests() if method == "GET" and path.endswith("/file")]
    if len(vault.contents()) != len(images):
        raise Failed(f"the vault has {len(vault.contents())} contents of {len(images)} images")
    times = len(fetched) / len(images)
    return Result(f"{shelves} shelves × {SHARED_IMAGES} images", [
        at_most("contents fetched ÷ images of one shelf", 1.0, [times], unit=" ×"),
        plain("a further shelf ÷ the first", [each.seconds / spent[0].seconds for each in spent[1:]], unit=" ×"),
        plain("a further shelf", [each.seconds for each in spent[1:]], unit=" s"),
        plain("CPU of a further shelf", [each.cpu for each in spent[1:]], unit=" s"),
    ], [f"All shelves take {sum(each.seconds for each in spent):.0f} s, the first {spent[0].seconds:.1f} s."])


def measure_ls(setting: Setting) -> Result:
    """The images of a large shelf, printed in each format."""
    count = FEW_LISTED if setting.quick else LISTED
    vault = MeasuredVault(setting, dict(os.environ))
    folder = setting.work / "adopted"
    folder.mkdir()
    for number in range(count):
        (folder / f"image-{number:05}.raw").write_bytes(os.urandom(SMALL_BYTES))
    setting.say(f"vault-ls: {count} images are adopted")
    vault.init()
    vault.verb("adopt", str(folder), "--shelf", "files", "--format", "raw")
    figures: list[Figure] = []
    for form in ("table", "csv", "json"):
        spent = [vault.verb("ls", "--format", form, output="ls.out") for _ in range(setting.pairs)]
        printed = (setting.work / "ls.out").read_text(encoding="utf-8")
        if printed.count("image-") != count:
            raise Failed(f"{printed.count('image-')} images were listed, not {count}")
        figures.append(at_most(f"`ls --format {form}`: CPU", 1.0, [each.cpu for each in spent], unit=" s"))
    return Result(f"{count} images", figures)
