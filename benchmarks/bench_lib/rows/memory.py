"""`memory`: does what a process needs grow with the image it moves?"""

from __future__ import annotations

from functools import partial

from ..cloud import add_random_image, remove_all
from ..figures import Figure, Result, at_most
from ..measure import MIB, alternate
from ..moves import not_there, synchronise, synchronise_together
from ..setting import Setting

SMALL = 16 * MIB
READER_AFTER = 0.05
"""Seconds after the writer's start at which the reader starts; whoever opens the spool first fills it."""


def measure(setting: Setting) -> Result:
    """The peak of one process that moves a large image against that with a small one."""
    cloud = setting.cloud()
    environ = dict(cloud.environ)
    add_random_image(cloud.region(), "large", setting.size, setting.work)
    add_random_image(cloud.region(), "small", SMALL, setting.work)
    regions = [cloud.region(name) for name in ("Burgos", "Caceres")]

    def one(way: str, image: str) -> list[int]:
        setting.say(f"memory: {way}, {image}")
        done = synchronise(setting, environ, "Burgos", "--transfer", way, "--image", image)
        remove_all(regions[0])
        return [done.spent.peak]

    def two(image: str) -> list[int]:
        setting.say(f"memory: spool, {image}")
        options = ("--transfer", "spool", "--image", image)
        done = synchronise_together(setting, environ, [("Burgos", *options), ("Caceres", *options)], READER_AFTER)
        for region in regions:
            remove_all(region)
        return [each.spent.peak for each in done]

    figures: list[Figure] = []
    for way in ("file", "stream", "spool", "server"):
        if not_there(setting, environ, way, "Burgos"):
            continue
        if way == "spool":
            pairs = alternate(setting.pairs, lambda: two("small"), lambda: two("large"))
            roles = ["`spool`, first process", "`spool`, second process"]
        else:
            pairs = alternate(setting.pairs, partial(one, way, "small"), partial(one, way, "large"))
            roles = [f"`{way}`"]
        for number, role in enumerate(roles):
            more = [(large[number] - small[number]) / MIB for small, large in pairs]
            figures.append(at_most(f"{role}: large − 16 MiB", 8, more, form=".1f", unit=" MiB", sign="+"))
            peaks = [large[number] / MIB for _, large in pairs]
            figures.append(at_most(f"{role}: peak", 130, peaks, form=".0f", unit=" MiB"))
    return Result(f"{setting.size // MIB} MiB", figures)
