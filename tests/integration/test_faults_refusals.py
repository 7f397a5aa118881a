"""A Glance refuses: quotas, rights, protection, formats. What can be done is done, what was there stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.images.model import JOURNAL
from tests.support.development_cloud import development_cloud
from tests.support.faults import Command, FaultyCloud, Made, statuses
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Answer

pytestmark = pytest.mark.integration

BURGOS = "Burgos"
REPLACE = ("--config", "master.replace=any")


@pytest.fixture
def run(faulty: FaultyCloud, tmp_path: Path) -> Command:
    return faulty.command(tmp_path)


ANYBODY = "create = @\nread = @\nupdate = @\ndelete = @\n"
NOBODY = ANYBODY.replace("@", "!")


@pytest.fixture(scope="class")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Burgos has a small storage quota and properties that nobody may set; one restart serves all tests of it."""
    rules = tmp_path_factory.mktemp("rules") / "protections.conf"
    rules.write_text(f"[^secret_.*]\n{NOBODY}[.*]\n{ANYBODY}")
    options = ("DEFAULT.user_storage_quota=1000000", f"DEFAULT.property_protection_file={rules}")
    with development_cloud().changed(BURGOS, *options):
        yield


@pytest.mark.usefixtures("limited")
class TestLimits:
    """413 for a spent quota, 403 for a property."""

    def test_a_spent_storage_quota_stops_uploads_and_nothing_else(self, faulty: FaultyCloud, run: Command) -> None:
        content = {"small": b"s" * 100_000, "large": b"l" * 2_000_000, "larger": b"x" * 3_000_000, "there": b"there"}
        made = [Made(name, bytes_, properties={"nid": "1"}) for name, bytes_ in content.items()]
        faulty.hold("Spain", *made, Made("gone_obsolete", b"gone"))
        before = {"large": b"old", "there": content["there"], "gone": b"gone"}
        faulty.hold(BURGOS, *(Made(name, bytes_) for name, bytes_ in before.items()))
        faulty.hold("Caceres")
        result = run(*REPLACE)
        assert result.code == 1
        first, second = result.errors
        assert first.startswith("ERROR:Burgos: Upload of large failed. Cause: ")
        assert first.endswith("(HTTP 413)")
        assert second.startswith("ERROR:Burgos: Nothing more is uploaded to this region. Cause: ")
        assert "INFO:Burgos: Uploading image larger" not in result.out
        assert "INFO:Burgos: 2 images failed." in result.out.splitlines()
        faulty.assert_holds(
            BURGOS,
            {"large": b"old", "there": b"there", "small": content["small"], "gone_obsolete": b"gone"},
        )
        assert faulty.only(BURGOS, "there").properties["nid"] == "1"
        faulty.assert_holds("Caceres", content)

    def test_a_protected_property_is_that_images_error(self, faulty: FaultyCloud, run: Command) -> None:
        faulty.hold(
            "Spain",
            Made("guarded", b"guarded", properties={"secret_level": "3"}),
            Made("known", b"known", properties={"secret_level": "3"}),
            Made("plain", b"plain image"),
        )
        faulty.hold(BURGOS, Made("guarded", b"old"), Made("known", b"known"))
        result = run(BURGOS, *REPLACE)
        assert (result.code, len(result.errors)) == (1, 2)
        update, upload = result.errors
        assert update.startswith("ERROR:Burgos: Update of known failed. Cause: ")
        assert upload.startswith("ERROR:Burgos: Upload of guarded failed. Cause: ")
        for line in (update, upload):
            assert "secret_level" in line
            assert "(HTTP 403)" in line
        faulty.assert_holds(BURGOS, {"guarded": b"old", "known": b"known", "plain": b"plain image"})


class TestRights:
    """What a region never takes, and what the account may not do."""

    def test_too_many_properties_are_that_images_error(self, faulty: FaultyCloud, run: Command) -> None:
        many = {f"key{number:03d}": "value" for number in range(128)}
        faulty.hold("Spain", Made("many", b"many", properties=many), Made("plain", b"plain image"))
        faulty.hold(BURGOS, Made("many", b"old"))
        result = run(BURGOS, *REPLACE)
        assert result.code == 1
        (line,) = result.errors
        assert line.startswith("ERROR:Burgos: Upload of many failed. Cause: ")
        assert "(HTTP 413)" in line
        assert f"the property {JOURNAL}" in line
        faulty.assert_holds(BURGOS, {"many": b"old", "plain": b"plain image"})

    def test_a_journal_that_is_not_allowed_is_explained(
        self, faulty: FaultyCloud, run: Command, tmp_path: Path
    ) -> None:
        faulty.hold("Spain", Made("one", b"new"), Made("there", b"there", properties={"nid": "1"}))
        faulty.hold(BURGOS, Made("one", b"old"), Made("there", b"there"))
        rules = tmp_path / "protections.conf"
        rules.write_text(f"[^glancesync_.*]\n{NOBODY}[.*]\n{ANYBODY}")
        with development_cloud().changed(BURGOS, f"DEFAULT.property_protection_file={rules}"):
            result = run(BURGOS, *REPLACE)
        assert result.code == 1
        (line,) = result.errors
        assert line.startswith("ERROR:Burgos: Upload of one failed. Cause: ")
        assert f"a new image carries the property {JOURNAL} until it is done: allow it" in line
        faulty.assert_holds(BURGOS, {"one": b"old", "there": b"there"})
        assert faulty.only(BURGOS, "there").properties["nid"] == "1"

    def test_who_may_not_publicise_leaves_everything_as_it_was(self, faulty: FaultyCloud, run: Command) -> None:
        faulty.hold("Spain", Made("one", b"new"), Made("two", b"second"))
        (old,) = faulty.hold(BURGOS, Made("one", b"old"))
        member = faulty.account("member")
        variables = {"OS_USERNAME": member["user"], "OS_PASSWORD": member["password"]}
        result = run(BURGOS, *REPLACE, **variables)
        assert result.code == 1
        assert [line for line in result.errors if "publicize_image" in line and "(HTTP 403)" in line]
        assert result.errors[0].startswith("ERROR:Burgos: Upload of one failed. Cause: ")
        faulty.assert_holds(BURGOS, {"one": b"old"})
        assert (faulty.only(BURGOS, "one").id, faulty.only(BURGOS, "one").public) == (old, True)


class TestOldImages:
    def test_a_protected_one_is_replaced_all_the_same(self, faulty: FaultyCloud, run: Command) -> None:
        faulty.hold("Spain", Made("one", b"new", protected=True), Made("two", b"second"))
        faulty.hold(BURGOS, Made("one", b"old", protected=True), Made("two", b"former", protected=True))
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        faulty.assert_holds(BURGOS, {"one": b"new", "two": b"second"})
        assert faulty.only(BURGOS, "one").properties["protected"] == "True"
        assert faulty.only(BURGOS, "two").properties["protected"] == "False"

    def test_a_protected_one_can_be_renamed(self, faulty: FaultyCloud, run: Command) -> None:
        faulty.hold("Spain", Made("one", b"new"))
        faulty.hold(BURGOS, Made("one", b"old", protected=True))
        result = run(BURGOS, "--config", "master.rename=any")
        assert (result.code, result.err) == (0, "")
        faulty.assert_holds(BURGOS, {"one": b"new", "one.old": b"old"})
        assert faulty.only(BURGOS, "one.old").properties["protected"] == "True"

    def test_one_that_is_in_use_is_tried_again_by_every_run(
        self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        faulty.hold("Spain", Made("one", b"new"))
        (old,) = faulty.hold(BURGOS, Made("one", b"old"))
        run = faulty.command(tmp_path, proxy)
        proxy.on(Answer(409, f"Image {old} could not be deleted because it is in use"), "DELETE", f"/v2/images/{old}")
        expected = (
            f"ERROR:Burgos: Deletion of image {old} failed."
            f" Cause: Image {old} could not be deleted because it is in use (HTTP 409)"
        )
        for _ in range(2):
            result = run(BURGOS, *REPLACE)
            assert (result.code, result.errors) == (1, [expected])
            images = {image.name: image for image in faulty.seen(BURGOS)}
            assert set(images) == {"one", "one.old"}
            assert (images["one"].public, images["one.old"].public, images["one.old"].id) == (True, False, old)
            status = run("--show-status", "--format", "json", BURGOS)
            row = statuses(status)["one"]
            assert (status.code, row["status"], row["id"]) == (0, "ok", images["one"].id)
            assert old in row["message"]
        dry = run("--dry-run", BURGOS)
        assert f"INFO:Burgos: Image pending to be tidied: one (UUID {images['one'].id})" in dry.out.splitlines()
        proxy.clear()
        result = run(BURGOS)
        assert (result.code, result.err) == (0, "")
        faulty.assert_holds(BURGOS, {"one": b"new"})
        assert statuses(run("--show-status", "--format", "json", BURGOS))["one"]["message"] is None


class TestFormats:
    def test_a_qcow2_that_is_none_is_that_images_error(
        self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        faulty.hold("Spain", Made("fine", b"fine image"))
        faulty.hold(BURGOS, Made("fake", b"old"))
        # The master would not take it either, so it gets its format behind the master's back.
        with development_cloud().changed("Spain", "image_format.require_image_format_match=False"):
            faulty.add("Spain", Made("fake", b"no qcow2 at all", disk_format="qcow2"))
        result = faulty.command(tmp_path)(BURGOS, *REPLACE)
        assert result.code == 1
        (line,) = result.errors
        assert line.startswith("ERROR:Burgos: Upload of fake failed. Cause: ")
        assert line.endswith("(HTTP 415)")
        assert "qcow2" in line
        faulty.assert_holds(BURGOS, {"fake": b"old", "fine": b"fine image"})
