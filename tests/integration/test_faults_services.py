"""Keystone or a Glance is down, slow, or answers with errors: one clear line, and the other regions finish."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.development_cloud import development_cloud
from tests.support.faults import FaultyCloud, Made, statuses
from tests.support.free_ports import free_port
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Answer, HangUp, Late, Silence

pytestmark = pytest.mark.integration

CONTENT = {"one": b"1" * 1000, "two": b"2" * 2000}
AT_ONCE = {"Retry-After": "0"}
LIST = ("GET", "/v2/images")
FILE = ("PUT", "/v2/images/[^/]+/file")
IMAGE = "/v2/images/[^/]+"


@pytest.fixture(scope="module")
def cloud(faulty: FaultyCloud) -> FaultyCloud:
    faulty.hold("Spain", *(Made(name, content) for name, content in CONTENT.items()))
    return faulty


@pytest.fixture
def empty(cloud: FaultyCloud) -> FaultyCloud:
    """The regions without images."""
    cloud.hold("Burgos")
    cloud.hold("Caceres")
    return cloud


class TestGlanceDown:
    def test_every_mode_says_so_and_does_the_other_regions(self, empty: FaultyCloud, tmp_path: Path) -> None:
        refused = f"Glance at http://127.0.0.1:{empty.port('Burgos')} does not answer (connection refused)"
        line = f"ERROR:Burgos: Error retrieving image list. Cause: {refused}"
        parallel = ("--show-status", "--parallel", "--config", "max_children=2")
        modes = [(), ("--dry-run",), ("--show-status",), ("--make-backups",), parallel]
        with development_cloud().stopped("Burgos"):
            regions = empty.command(tmp_path)("--show-regions")
            runs = [empty.command(tmp_path).start(*mode) for mode in modes]
            results = [run.finish() for run in runs]
        for mode, result in zip(modes, results, strict=True):
            assert (mode, result.code, result.err) == (mode, 1, line + "\n")
        assert (regions.code, regions.out) == (0, "Burgos Caceres\n")
        synchronised, dry, status, backup, status_in_parallel = results
        assert "INFO:======Burgos\nINFO:======Caceres\n" in synchronised.out
        empty.assert_holds("Caceres", CONTENT)
        empty.assert_holds("Burgos", {})
        assert "INFO:======Caceres\n" in dry.out
        for each in (status, status_in_parallel):
            assert [row.split(",")[1:] for row in each.out.splitlines()] == [["Caceres", "one"], ["Caceres", "two"]]
        (folder,) = tmp_path.glob("backup_glance_*")
        names = {f"backup_{region}.{kind}" for region in ("Caceres", "Spain") for kind in ("csv", "jsonl")}
        assert {file.name for file in folder.iterdir()} == names
        assert "The backup is in" in backup.out
        # Up again, the next run does what is missing.
        assert empty.command(tmp_path)("Burgos").code == 0
        empty.assert_holds("Burgos", CONTENT)

    def test_in_parallel_the_regions_file_reports(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Answer(503, "maintenance", AT_ONCE), port=empty.port("Burgos"))
        result = empty.command(tmp_path, proxy)("--parallel", "--config", "max_children=2")
        assert result.code == 1
        burgos, caceres, *ends = sorted(result.out.splitlines()[1:-1])
        assert burgos.startswith("INFO:Burgos: nothing done, ")
        assert burgos.endswith(" s; Error retrieving image list. Cause: maintenance (HTTP 503)")
        assert caceres.startswith("INFO:Caceres: 2 uploaded (0 MB), ")
        assert ends == ["INFO:Region Burgos has finished with errors", "INFO:Region Caceres has finished"]
        assert result.out.splitlines()[-1] == "INFO:All is done."
        (folder,) = tmp_path.glob("sync_*")
        reported = (folder / "Burgos.txt").read_text()
        assert "ERROR Burgos: Error retrieving image list. Cause: maintenance (HTTP 503)" in reported
        empty.assert_holds("Caceres", CONTENT)

    def test_without_the_master_nothing_is_done(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Answer(503, "down for maintenance", AT_ONCE), port=empty.port("Spain"))
        result = empty.command(tmp_path, proxy)()
        line = "ERROR:Spain: Error retrieving image list. Cause: down for maintenance (HTTP 503)\n"
        assert (result.code, result.out, result.err) == (1, "", line)
        assert proxy.count("POST", "/v2/images") == 0


class TestErrorsOfGlance:
    @pytest.mark.parametrize("status", [500, 503])
    def test_of_a_listing_fail_the_region_alone(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy, status: int
    ) -> None:
        proxy.on(Answer(status, "database is away", AT_ONCE), *LIST, port=empty.port("Burgos"))
        result = empty.command(tmp_path, proxy)()
        line = f"ERROR:Burgos: Error retrieving image list. Cause: database is away (HTTP {status})\n"
        assert (result.code, result.err) == (1, line)
        empty.assert_holds("Burgos", {})
        empty.assert_holds("Caceres", CONTENT)

    def test_that_pass_are_not_even_reported(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        burgos = empty.port("Burgos")
        proxy.on(Answer(503, "busy", AT_ONCE), *LIST, port=burgos, times=2)
        proxy.on(Answer(500, "lost", AT_ONCE), "POST", "/v2/images", port=burgos, times=1)
        proxy.on(Answer(502, "lost", AT_ONCE), "GET", IMAGE, port=burgos, times=1)
        proxy.on(Answer(504, "lost", AT_ONCE), "PATCH", IMAGE, port=burgos, times=1)
        proxy.on(Answer(503, "busy", AT_ONCE), *FILE, port=burgos, times=1)
        result = empty.command(tmp_path, proxy)("Burgos")
        assert (result.code, result.err) == (0, "")
        empty.assert_holds("Burgos", CONTENT)

    def test_of_an_upload_are_that_images(self, cloud: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        cloud.hold("Burgos", Made("one", b"old"))
        cloud.hold("Caceres")
        # The smaller image comes first: it has three tries.
        proxy.on(Answer(500, "no idea", AT_ONCE), *FILE, port=cloud.port("Burgos"), times=3)
        result = cloud.command(tmp_path, proxy)("--config", "master.replace=any")
        assert (result.code, result.err) == (1, "ERROR:Burgos: Upload of one failed. Cause: no idea (HTTP 500)\n")
        assert "INFO:Burgos: 1 images failed.\nINFO:Burgos:   Total uploaded to region: 0 (MB)\n" in result.out
        cloud.assert_holds("Burgos", {"one": b"old", "two": CONTENT["two"]})
        cloud.assert_holds("Caceres", CONTENT)

    def test_of_the_publishing_leave_the_old_image(self, cloud: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        (old,) = cloud.hold("Burgos", Made("one", b"old"))
        proxy.on(Answer(500, "no idea", AT_ONCE), "PATCH", IMAGE, port=cloud.port("Burgos"))
        result = cloud.command(tmp_path, proxy)("Burgos", "--config", "master.replace=any", "--image", "one")
        assert (result.code, result.err) == (1, "ERROR:Burgos: Upload of one failed. Cause: no idea (HTTP 500)\n")
        cloud.assert_holds("Burgos", {"one": b"old"})
        assert (cloud.only("Burgos", "one").id, cloud.only("Burgos", "one").public) == (old, True)

    def test_that_do_not_pass_end_the_region(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Answer(503, "read-only", AT_ONCE), *FILE, port=empty.port("Burgos"))
        result = empty.command(tmp_path, proxy)()
        assert (result.code, result.errors) == (
            1,
            [
                "ERROR:Burgos: Upload of one failed. Cause: read-only (HTTP 503)",
                "ERROR:Burgos: Nothing more is done in this region. Cause: read-only (HTTP 503)",
            ],
        )
        empty.assert_holds("Burgos", {})
        empty.assert_holds("Caceres", CONTENT)

    def test_a_connection_that_breaks_is_taken_up_again(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        proxy.on(HangUp(), port=empty.port("Burgos"), times=1)
        proxy.on(HangUp(), *FILE, port=empty.port("Burgos"), times=1)
        result = empty.command(tmp_path, proxy)("Burgos")
        assert (result.code, result.err) == (0, "")
        empty.assert_holds("Burgos", CONTENT)


class TestSlow:
    def test_a_listing_has_its_time(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Silence(), *LIST, port=empty.port("Burgos"))
        proxy.on(Late(0.2), *LIST)
        command = empty.command(tmp_path, proxy)
        runs = [command.start(*mode, "--config", "list_images_timeout=10") for mode in ((), ("--show-status",))]
        for result in [run.finish() for run in runs]:
            assert (result.code, result.err) == (1, "ERROR:Burgos: Timeout while retrieving image list.\n")
        empty.assert_holds("Caceres", CONTENT)

    def test_the_masters_too(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Silence(), *LIST, port=empty.port("Spain"))
        result = empty.command(tmp_path, proxy)("--config", "list_images_timeout=1")
        assert (result.code, result.out) == (1, "")
        assert result.err == "ERROR:Spain: Timeout while retrieving image list.\n"

    def test_a_slow_keystone_is_waited_for(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Late(1.5), "POST", "/v3/auth/tokens")
        assert empty.command(tmp_path, proxy)("Burgos").code == 0
        empty.assert_holds("Burgos", CONTENT)


def federation2(cloud: FaultyCloud, url: str = "", password: str = "") -> str:
    """A configuration with the second target."""
    account = cloud.account("glancesync", "keystone-b")
    return cloud.usual_configuration + (
        f"[federation2]\nuser = {account['user']}\npassword = {password or account['password']}\n"
        f"keystone_url = {url or cloud.keystone_url('keystone-b')}\ntenant = {account['project']}\n"
    )


class TestKeystone:
    def test_down_is_one_line(self, cloud: FaultyCloud, tmp_path: Path) -> None:
        url = f"http://127.0.0.1:{free_port()}/v3"
        runs = [cloud.command(tmp_path).start(*mode, OS_AUTH_URL=url) for mode in ((), ("--show-status",))]
        regions = cloud.command(tmp_path)("--show-regions", OS_AUTH_URL=url)
        what = f"target master: Keystone at {url} does not answer (connection refused)"
        for result in [run.finish() for run in runs]:
            assert (result.code, result.out) == (1, "")
            assert result.err == f"ERROR:Spain: Error retrieving image list. Cause: {what}\n"
        assert (regions.code, regions.out.strip()) == (1, "")
        assert regions.err == f"ERROR:The regions of target master are unknown. Cause: {what}\n"

    @pytest.mark.parametrize("status", [500, 503])
    def test_in_trouble_is_one_line(
        self, cloud: FaultyCloud, tmp_path: Path, proxy: Proxy, status: int
    ) -> None:
        proxy.on(Answer(status, "no database", AT_ONCE), "POST", "/v3/auth/tokens")
        result = cloud.command(tmp_path, proxy)()
        assert (result.code, result.out) == (1, "")
        (line,) = result.err.splitlines()
        assert line.startswith("ERROR:Spain: Error retrieving image list. Cause: target master: Keystone at ")
        assert line.endswith(f"no database (HTTP {status})")

    def test_a_wrong_password_is_one_line(self, cloud: FaultyCloud, tmp_path: Path) -> None:
        result = cloud.command(tmp_path)("Burgos", OS_PASSWORD="wr0ng-passw0rd")
        assert (result.code, result.out) == (1, "")
        assert result.err == (
            "ERROR:Spain: Error retrieving image list. Cause: target master: Keystone at"
            f" {cloud.keystone_url()} refused the credential of user glancesync (401): The request you have"
            " made requires authentication; check the user (glancesync of domain Default), the password,"
            " the project (glancesync of domain Default), and that the user has a role in it\n"
        )

    def test_of_another_target_fails_that_target_alone(self, empty: FaultyCloud, tmp_path: Path) -> None:
        url = f"http://127.0.0.1:{free_port()}/v3"
        down = empty.command(tmp_path, configuration=federation2(empty, url)).start("Burgos", "federation2:Madrid")
        other = tmp_path / "other"
        other.mkdir()
        wrong = empty.command(other, configuration=federation2(empty, password="wr0ng"))
        refused = wrong.start("federation2:Madrid", "Caceres")
        expanded = wrong.start("Burgos", "federation2:", "--show-status", "--format", "json")
        asked = wrong.start("--show-regions")
        result = down.finish()
        assert (result.code, result.err) == (
            1,
            "ERROR:federation2:Madrid: Error retrieving image list. Cause: target federation2:"
            f" Keystone at {url} does not answer (connection refused)\n",
        )
        empty.assert_holds("Burgos", CONTENT)
        result = refused.finish()
        assert result.code == 1
        assert len(result.errors) == 1
        assert "federation2:Madrid: " in result.err
        assert "refused the credential of user glancesync (401)" in result.err
        empty.assert_holds("Caceres", CONTENT)
        result = expanded.finish()
        assert (result.code, len(result.errors)) == (1, 1)
        assert result.err.startswith("ERROR:The regions of target federation2 are unknown. Cause: ")
        assert set(statuses(result)) == set(CONTENT)
        result = asked.finish()
        assert (result.code, result.out) == (1, "Burgos Caceres\n")
        assert result.err.startswith("ERROR:The regions of target federation2 are unknown. Cause: ")


class TestSecrets:
    """What ``--debug`` prints holds no password and no token; that is checked of every run, and here there is much."""

    def test_of_a_good_run(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        result = empty.command(tmp_path, proxy)("--debug", "-v")
        assert result.code == 0
        assert proxy.tokens
        assert "/v3/auth/tokens: 201" in result.err

    def test_of_a_bad_one(self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        proxy.on(Answer(500, "no idea", AT_ONCE), *LIST, port=empty.port("Burgos"))
        run = empty.command(tmp_path, proxy, federation2(empty, password="wr0ng-passw0rd"))
        result = run("Burgos", "federation2:Madrid", "--debug")
        assert (result.code, len(result.errors)) == (1, 2)
        assert proxy.tokens
        assert "wr0ng-passw0rd" not in result.out + result.err
        assert "wr0ng-passw0rd" not in run("--debug", OS_PASSWORD="wr0ng-passw0rd").err
