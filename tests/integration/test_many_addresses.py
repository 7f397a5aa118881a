"""One Glance that the catalog lists under several addresses is one place, under whatever name (sync 1.3)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.catalog import listed
from tests.support.conditions import PATIENCE
from tests.support.development_cloud import development_cloud
from tests.support.faults import Command, FaultyCloud, Result
from tests.support.forwarder import forwarded
from tests.support.moving import BURGOS, CACERES, CONTENT, FILE, SPAIN
from tests.support.observed_federations import Seen
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Answer, RunBeside

pytestmark = pytest.mark.integration

MADRID = "federation2:Madrid"
HELD = "another run holds the region: process "


@pytest.fixture(autouse=True)
def empty(cloud: FaultyCloud) -> Iterator[None]:
    """The regions are empty, but for the master."""
    for region in (BURGOS, CACERES):
        cloud.fill(region, [])
    yield
    for region in (BURGOS, CACERES):
        cloud.fill(region, [])


@pytest.fixture
def inside() -> Iterator[dict[str, str]]:
    """The internal addresses of the regions: the catalog has them beside the public ones, on another host."""
    found = development_cloud()
    with (
        forwarded(_port(SPAIN)) as spain,
        forwarded(_port(BURGOS)) as burgos,
        listed(found, SPAIN, "internal", f"{spain}/v2"),
        listed(found, BURGOS, "internal", burgos),
    ):
        yield {SPAIN: spain, BURGOS: burgos}


def _port(region: str) -> int:
    port: int = development_cloud().described["regions"][region]["port"]
    return port


def target(cloud: FaultyCloud, name: str, account: str = "glancesync", **options: str) -> str:
    """A section of the configuration, for an account of the first Keystone."""
    known = cloud.account(account)
    plain = {
        "user": known["user"],
        "password": known["password"],
        "tenant": known["project"],
        "keystone_url": cloud.keystone_url(),
    }
    lines = [f"{key} = {value}" for key, value in {**plain, **options}.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def program(cloud: FaultyCloud, folder: Path, *sections: str, proxy: Proxy | None = None) -> Command:
    """The program with further targets, and without files of the master's."""
    folder.mkdir(exist_ok=True)
    if proxy is not None:
        proxy.on(Answer(404, "no imports here"), "GET", "/v2/info/import")
    spool = folder / "spool"
    main = f"[main]\nmaster_region = {SPAIN}\nimages_dir = /nonexistent\nspool_dir = {spool}\n"
    return cloud.command(folder, proxy, main + "".join(sections))


def of_anybody(cloud: FaultyCloud, region: str) -> list[tuple[str, str, bool]]:
    """Name, status and whether it is ours of every image that an administrator sees."""
    return sorted((image.name, image.status, image.ours) for image in cloud.seen(region))


def rows(result: Result) -> list[tuple[str, str]]:
    """Image and status of each row of a status in JSON."""
    return [(row["image"], row["status"]) for row in json.loads(result.out)["images"]]


class TestMaster:
    """The master region is never written to, under whatever name and by whichever address."""

    @pytest.mark.parametrize("word", ["inside:", "inside:Spain"])
    def test_another_project_does_not_write_into_it_by_its_internal_address(
        self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path, word: str
    ) -> None:
        before = of_anybody(cloud, SPAIN)
        run = program(cloud, tmp_path / "run", target(cloud, "inside", "foreign", interface="internal"))
        result = run(word)
        try:
            assert of_anybody(cloud, SPAIN) == before
            assert (result.code, result.err) == (0, "")
            if word == "inside:":
                assert "======inside:Spain" not in result.out
                assert "inside:Burgos: Image uploaded." in result.out
            else:
                assert result.out.splitlines()[-1] == "INFO:inside:Spain: Region is synchronized."
        finally:
            for region in (SPAIN, BURGOS, CACERES):
                _remove_foreign(cloud, region)

    def test_named_explicitly_it_is_compared_with_itself(
        self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path
    ) -> None:
        run = program(cloud, tmp_path / "run", target(cloud, "inside", "foreign", interface="internal"))
        result = run("inside:Spain", "--show-status", "--format", "json")
        assert (rows(result), result.err) == ([("one", "ok")], "")

    def test_by_its_address_alone_it_is_reported_with_a_warning(
        self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path
    ) -> None:
        before = of_anybody(cloud, SPAIN)
        run = program(cloud, tmp_path / "run", target(cloud, "inside", "foreign", interface="internal"))
        with listed(development_cloud(), CACERES, "internal", f"{inside[SPAIN]}/v2/"):
            result = run("inside:", "inside:Caceres", "--dry-run")
        assert of_anybody(cloud, SPAIN) == before
        (warning,) = result.warnings
        assert warning.startswith("WARNING:inside:Caceres: ")
        assert "inside:Caceres: Region is synchronized." in result.out


class TestTwoRuns:
    """Runs that reach one region by different addresses exclude each other."""

    @pytest.mark.parametrize("keystone", ["as it is", "localhost", "another address"])
    def test_the_second_leaves_the_first_ones_upload_alone(
        self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path, proxy: Proxy, keystone: str
    ) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            begun.set()
            assert go_on.wait(PATIENCE)

        proxy.on(RunBeside(before=hold), "PUT", FILE, port=cloud.port(BURGOS))
        first = program(cloud, tmp_path / "first", proxy=proxy).start(BURGOS)
        try:
            assert begun.wait(PATIENCE)
            second = _by_another_address(cloud, tmp_path / "second", keystone)
        finally:
            go_on.set()
        outcome = first.finish()
        assert second.code == 1
        assert [line.partition("; ")[0] for line in second.errors] == [
            f"ERROR:{BURGOS}: {HELD}{first.pid} at {_holder(second)}"
        ]
        assert (outcome.code, outcome.err) == (0, "")
        cloud.assert_holds(BURGOS, {"one": CONTENT})


    def test_neither_does_one_of_another_machine(
        self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path, proxy: Proxy
    ) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            begun.set()
            assert go_on.wait(PATIENCE)

        proxy.on(RunBeside(before=hold), "PUT", FILE, port=cloud.port(BURGOS))
        database = f"database = sqlite:///{tmp_path}/locks.db\n"
        section = target(cloud, "master", interface="internal")
        first = program(cloud, tmp_path / "first", database, proxy=proxy).start(BURGOS)
        try:
            assert begun.wait(PATIENCE)
            # A machine has folders for locks of its own.
            folders = {"TMPDIR": str(tmp_path / "tmp"), "XDG_RUNTIME_DIR": str(tmp_path / "none")}
            (tmp_path / "tmp").mkdir()
            second = program(cloud, tmp_path / "second", database, section)(BURGOS, **folders)
        finally:
            go_on.set()
        outcome = first.finish()
        assert [line.partition(" at ")[0] for line in second.errors] == [f"ERROR:{BURGOS}: {HELD}{first.pid}"]
        assert (outcome.code, outcome.err) == (0, "")
        cloud.assert_holds(BURGOS, {"one": CONTENT})


def _by_another_address(cloud: FaultyCloud, folder: Path, keystone: str) -> Result:
    """Run with the internal addresses, and with another spelling of the Keystone's."""
    found = development_cloud()
    url = found.keystone()["url"]
    if keystone == "as it is":
        return program(cloud, folder, target(cloud, "master", interface="internal"))(BURGOS)
    if keystone == "localhost":
        spelling = url.replace("127.0.0.1", "LOCALHOST").removesuffix("/v3") + "/"
        return program(cloud, folder, target(cloud, "master", interface="internal", keystone_url=spelling))(BURGOS)
    with forwarded(found.keystone()["port"]) as other, listed(found, BURGOS, "internal", other, kind="identity"):
        return program(cloud, folder, target(cloud, "master", interface="internal", keystone_url=other))(BURGOS)


def _holder(result: Result) -> str:
    return result.errors[0].partition(" at ")[2].partition("; ")[0]


class TestTwoTargets:
    """Two targets of one run whose regions are one Glance."""

    def test_they_are_done_one_after_the_other(
        self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path
    ) -> None:
        run = program(cloud, tmp_path / "run", target(cloud, "inside", interface="internal"))
        result = run(BURGOS, "inside:Burgos")
        assert (result.code, result.err) == (0, "")
        assert "INFO:inside:Burgos: Region is synchronized." in result.out.splitlines()
        cloud.assert_holds(BURGOS, {"one": CONTENT})

    def test_so_they_are_in_parallel(self, cloud: FaultyCloud, inside: dict[str, str], tmp_path: Path) -> None:
        run = program(cloud, tmp_path / "run", target(cloud, "inside", interface="internal"))
        result = run(BURGOS, "inside:Burgos", "--parallel", "--config", "max_children=2")
        assert (result.code, result.err) == (0, "")
        cloud.assert_holds(BURGOS, {"one": CONTENT})


class TestTwoKeystones:
    """An address that stands in many catalogs does not make one place of two."""

    @pytest.mark.parametrize("host", ["controller", "the master's loopback"])
    def test_a_region_that_lists_the_same_host_is_not_taken_for_the_master(
        self, cloud: FaultyCloud, tmp_path: Path, host: str
    ) -> None:
        found = development_cloud()
        address = "http://controller:9292" if host == "controller" else found.described["regions"][SPAIN]["url"]
        account = cloud.account("glancesync", "keystone-b")
        section = target(cloud, "federation2", keystone_url=cloud.keystone_url("keystone-b")).replace(
            cloud.account("glancesync")["password"], account["password"]
        )
        run = program(cloud, tmp_path / "run", section)
        with (
            listed(found, SPAIN, "internal", address),
            listed(found, "Madrid", "internal", address, keystone="keystone-b"),
        ):
            result = run("federation2:", "--dry-run")
        assert (result.code, result.err) == (0, "")
        assert f"INFO:{MADRID}: Pending: one (3 MB)" in result.out.splitlines()


def _remove_foreign(cloud: FaultyCloud, region: str) -> None:
    """Remove what the other project has in a region."""
    client = cloud.client(region, "foreign")
    foreign: list[Seen] = [image for image in cloud.seen(region) if not image.ours]
    for image in foreign:
        client.images.delete(image.id)
