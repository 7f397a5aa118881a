"""`no-op`: a run that finds everything in step, against `curl` reading the same listings."""

from __future__ import annotations

import os

from ..cloud import MASTER, TARGETS, Listener, Region, add_many_images
from ..figures import Figure, Result, at_most, plain
from ..measure import Failed, alternate, run
from ..moves import synchronise
from ..setting import Setting


def measure(setting: Setting) -> Result:
    """The same listings, all regions at the same time."""
    count = 500 if setting.quick else 2000
    cloud = setting.cloud()
    environ = dict(cloud.environ)
    regions = [cloud.region(name) for name in (MASTER, *TARGETS)]
    setting.say(f"no-op: {count} images in each of {len(regions)} regions")
    add_many_images(regions, count)
    lines = [line for region in regions for line in queries(region)]
    # Line by line what one Keystone's regions are asked, so that each Keystone is asked for one token.
    (setting.work / "listings").write_text("".join(sorted(lines)), encoding="ascii")
    os.chmod(setting.work / "listings", 0o600)
    reference = setting.shell("listings.sh", environ, str(setting.work / "listings"))
    run(reference)  # fills the servers' caches
    first = Listener(cloud.region().log)
    run(reference)
    pages = sum(1 for _ in first.requests())
    synchronise(setting, environ, *TARGETS)
    listeners = {region.full: Listener(region.log) for region in regions}
    keystones = {name: Listener(log) for name, log in cloud.keystone_logs().items()}
    synchronise(setting, environ, *TARGETS)
    asked = {name: [f"{method} {path}" for method, path, _ in listener.requests()]
             for name, listener in {**listeners, **keystones}.items()}
    listed = sum(_kind(word) == "listing" for word in asked[MASTER])
    if listed != pages:
        raise Failed(f"the program asked the master for {listed} pages, curl for {pages}")
    pairs = alternate(setting.pairs, lambda: run(reference), lambda: synchronise(setting, environ, *TARGETS).spent)
    return Result(f"{count} × {len(TARGETS)} (+ master)", [
        at_most("whole command − 1.30 × `curl`", 1.0, [b.seconds - 1.30 * a.seconds for a, b in pairs],
                unit=" s", sign="+"),
        superfluous(asked),
        plain("whole command ÷ `curl`", [b.seconds / a.seconds for a, b in pairs], unit=" ×"),
        plain("CPU of the command", [b.cpu for _, b in pairs], unit=" s"),
    ], [
        f"At best `curl` takes {min(a.seconds for a, _ in pairs):.2f} s, "
        f"the program {min(b.seconds for _, b in pairs):.2f} s.",
        *(f"{name} was asked: {summary(words)}." for name, words in asked.items()),
    ])


def queries(region: Region) -> list[str]:
    """The lines for ``listings.sh`` that read what the program lists of a region."""
    own = [f"owner={region.project_id}", f"owner={region.project_id}&os_hidden=true"]
    others = [] if region.name == MASTER else ["visibility=public", "visibility=community"]
    return [f"{region.keystone} {region.password} {region.url} {query}\n" for query in own + others]


def superfluous(asked: dict[str, list[str]]) -> Figure:
    """Requests other than a token and a discovery of each Keystone, and the listings."""
    others = []
    for name, words in asked.items():
        allowed = {"sign in": 1, "discovery": 1} if name.startswith("keystone") else {}
        for word in words:
            kind = _kind(word)
            if kind in ("listing", "token validation"):
                continue
            if allowed.get(kind, 0):
                allowed[kind] -= 1
            else:
                others.append(f"{name}: {word}")
    text = str(len(others)) if not others else f"{len(others)} ({'; '.join(others[:4])})"
    return Figure("requests beside token, discovery, listings", "0", text, not others)


def _kind(word: str) -> str:
    method, path = word.split(" ", 1)
    if path.startswith("/v2/images?"):
        return "listing"
    if path.startswith("/v3/auth/tokens"):
        return "sign in" if method == "POST" else "token validation"
    return "discovery" if method == "GET" and path.rstrip("/") in ("", "/v3") else word


def summary(words: list[str]) -> str:
    """How often each kind of request was made, in the order of their first."""
    kinds = [_kind(word) for word in words]
    return ", ".join(f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds)) or "nothing"
