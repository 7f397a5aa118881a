"""The guards of removals on a real Glance: what is not whole is not judged, what may be needed stays (vault 5.3)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.conditions import wait_for
from tests.support.faults import FaultyCloud, Made
from tests.support.observed_federations import OURS
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Act, Answer, Cut, HangUp

pytestmark = pytest.mark.integration

REGION = "Burgos"
LIST = ("GET", "/v2/images")
AT_ONCE = {"Retry-After": "0"}
QUARANTINE_SECONDS = 1
HEAL = ("vault", "heal", REGION, "--delete", "--scope", "old*")
TEMPLATE = """\
heat_template_version: 2018-08-31
parameters:
  image: {type: string, default: machine, constraints: [{allowed_values: [machine, old-mentioned]}]}
resources:
  one: {type: OS::Nova::Server, properties: {flavor: small, image: {get_param: image}}}
"""
OTHER = """\
heat_template_version: 2018-08-31
resources:
  one: {type: OS::Nova::Server, properties: {flavor: small, image: old-needed}}
"""


class GuardedRegion:
    """A region with an image that is to be hidden, once its time has come, and some that are not.

    :param cloud: the development cloud
    :param folder: an empty folder
    """

    def __init__(self, cloud: FaultyCloud, folder: Path) -> None:
        self.vault, self.templates = folder / "vault", folder / "templates"
        self.templates.mkdir()
        (self.templates / "a.yaml").write_text(TEMPLATE)
        (self.templates / "b.yaml").write_text(OTHER)
        self.configuration = (
            f"{cloud.usual_configuration}[vault:north]\npath = {self.vault}\ntemplates = {self.templates}\n"
            f"quarantine = {QUARANTINE_SECONDS}s\nin_use = unchecked\n"
        )
        self.cloud, self.folder = cloud, folder
        self.command = cloud.command(folder, configuration=self.configuration)
        cloud.fill(REGION, [])
        kernel = cloud.add(REGION, Made("old-kernel", b"kernel"))
        cloud.add(REGION, Made("machine", b"machine", properties={"kernel_id": kernel}))
        cloud.add(REGION, Made("old-protected", b"protected", protected=True))
        tagged = cloud.add(REGION, Made("old-tagged", b"tagged"))
        cloud.client(REGION, OURS).image_tags.update(tagged, "keep")
        for name in ("old-needed", "old-mentioned", "OLD-Needed", "old"):
            cloud.add(REGION, Made(name, name.encode()))
        assert self.command("vault", "init", str(self.vault)).code == 0
        assert self.command(*HEAL).code == 0
        end = time.time() + QUARANTINE_SECONDS
        wait_for(lambda: time.time() > end, "the quarantine has passed")

    def documents(self) -> dict[str, Any]:
        """What Glance says of each image."""
        images = self.cloud.client(REGION, OURS).images
        found = [*images.list(), *images.list(filters={"os_hidden": True})]
        return {image.id: dict(image.items()) for image in found}

    def hidden(self) -> list[str]:
        """The names of the images that are hidden."""
        return [document["name"] for document in self.documents().values() if document["os_hidden"]]


@pytest.fixture
def guarded(faulty: FaultyCloud, tmp_path: Path) -> GuardedRegion:
    return GuardedRegion(faulty, tmp_path)


def test_only_what_nothing_needs_or_keeps_is_hidden(guarded: GuardedRegion) -> None:
    result = guarded.command(*HEAL, "--scope", "OLD*")
    assert (result.code, guarded.hidden()) == (0, ["old"])
    for name, reason in (("OLD-Needed", "templates name old-needed"), ("old-protected", "it is protected")):
        assert f"Image {name} is not removed: {reason}" in result.out


@pytest.mark.parametrize(
    "act",
    [Cut(300), Cut(300, reset=False), HangUp(), Answer(503, "away", AT_ONCE), Answer(401, "no"), Answer(200, "[]")],
    ids=["reset", "closed", "no answer", "error", "refused", "nonsense"],
)
def test_a_listing_that_is_not_whole_changes_nothing(guarded: GuardedRegion, proxy: Proxy, act: Act) -> None:
    before, runs = guarded.documents(), sorted(guarded.vault.rglob("*.json"))
    proxy.on(act, *LIST, port=guarded.cloud.port(REGION))
    result = guarded.cloud.command(guarded.folder, proxy, guarded.configuration)(*HEAL)
    assert (result.code, "cannot be listed whole" in result.err) == (2, True), result.err
    assert (guarded.documents(), sorted(guarded.vault.rglob("*.json"))) == (before, runs)


def _half(guarded: GuardedRegion) -> None:
    (guarded.templates / "b.yaml").unlink()


def _unmounted_templates(guarded: GuardedRegion) -> None:
    shutil.rmtree(guarded.templates)
    guarded.templates.mkdir()


def _unmounted_vault(guarded: GuardedRegion) -> None:
    guarded.vault.rename(guarded.folder / "elsewhere")
    guarded.vault.mkdir()


def _lost_shelf(guarded: GuardedRegion) -> None:
    shutil.rmtree(guarded.vault / "shelves" / REGION)


def _damaged_run(guarded: GuardedRegion) -> None:
    for path in (guarded.vault / "shelves" / REGION / "runs").iterdir():
        path.write_bytes(path.read_bytes()[:99])


@pytest.mark.parametrize(
    "harm", [_half, _unmounted_templates, _unmounted_vault, _lost_shelf, _damaged_run], ids=lambda harm: harm.__name__
)
def test_what_is_not_there_changes_nothing(guarded: GuardedRegion, harm: Callable[[GuardedRegion], None]) -> None:
    before = guarded.documents()
    harm(guarded)
    result = guarded.command(*HEAL)
    assert (result.code, guarded.documents()) == (2, before), result.err


def test_an_unresolved_entry_keeps_everything(guarded: GuardedRegion) -> None:
    (guarded.templates / "c.yaml").write_text(OTHER.replace("old-needed", "{get_attr: [a, b]}"))
    result = guarded.command(*HEAL)
    assert (result.code, guarded.hidden()) == (0, [])
    assert "Image old is not removed: 1 entry of templates is unresolved" in result.out
    assert "All is well" not in result.out
