"""The spool between real regions: the master is read once, whatever dies meanwhile, and nothing is believed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fiwareglancesync.base.units import MIB
from tests.support.conditions import wait_for
from tests.support.faults import Command, FaultyCloud
from tests.support.moving import BOTH, BURGOS, CONTENT, FILE, PARALLEL, REPLACE, SIZE, SPAIN, Uploads, moved
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Act, Garble, Narrow, Stall, Whole

pytestmark = pytest.mark.integration


class TestSpool:
    """One download for all regions."""

    @pytest.mark.parametrize("parallel", [(), PARALLEL], ids=["", "parallel"])
    def test_the_master_is_read_once(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path, parallel: tuple[str, ...]
    ) -> None:
        result = run(*BOTH, *REPLACE, *parallel, "--report", "report.json")
        assert result.code == 0
        assert {image["way"] for image in moved(run.folder).values()} == {"spool"}
        assert [seen.start for seen in proxy.of("GET", FILE, cloud.port(SPAIN))] == [0]
        regions.done(*BOTH)
        assert [file.name for file in spool.iterdir()] == ["admission"]

    def test_two_runs_share_it(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path
    ) -> None:
        narrow = [Narrow(), Narrow()]
        for region, each in zip(BOTH, narrow, strict=True):
            proxy.on(each, "PUT", FILE, port=cloud.port(region))
        runs = [run.start(region, *REPLACE, "--transfer", "spool") for region in BOTH]
        for each in narrow:
            wait_for(each.begun.is_set, "an upload of each run")
        for each in narrow:
            each.open.set()
        assert [running.finish().code for running in runs] == [0, 0]
        assert [seen.start for seen in proxy.of("GET", FILE, cloud.port(SPAIN))] == [0]
        regions.done(*BOTH)
        assert [file.name for file in spool.iterdir()] == ["admission"]

    def test_it_is_kept_when_that_is_wanted(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path
    ) -> None:
        for region in BOTH:
            assert run(region, *REPLACE, "--transfer", "spool", "--config", "main.spool_keep=true").code == 0
        assert proxy.count("GET", FILE, cloud.port(SPAIN)) == 1
        assert [file.stat().st_size for file in spool.glob("*.data")] == [SIZE]
        regions.done(*BOTH)
        assert run(BURGOS).code == 0
        assert list(spool.glob("*.data")) == []

    @pytest.mark.parametrize("act", [None, Whole()], ids=["a part", "the whole as 206"])
    def test_a_killed_download_is_taken_up_again(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path, act: Act | None
    ) -> None:
        left = leave_a_part(cloud, run, proxy, spool)
        if act is not None:
            proxy.on(act, "GET", FILE, port=cloud.port(SPAIN))
        result = run(*BOTH, *REPLACE, "--transfer", "spool")
        assert (result.code, result.err) == (0, "")
        assert [seen.start for seen in proxy.of("GET", FILE, cloud.port(SPAIN))][1:] == [left]
        regions.done(*BOTH)

    def test_a_damaged_part_is_dropped(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path
    ) -> None:
        left = leave_a_part(cloud, run, proxy, spool)
        (data,) = spool.glob("*.data")
        with data.open("r+b") as file:
            file.write(bytes([CONTENT[0] ^ 1]))
        result = run(*BOTH, *REPLACE, "--report", "report.json")
        assert (result.code, result.err) == (0, "")
        reported = moved(run.folder)
        assert [reported[region]["way"] for region in BOTH] == ["spool", "spool"]
        assert [seen.start for seen in proxy.of("GET", FILE, cloud.port(SPAIN))][1:] == [left, 0]
        regions.done(*BOTH)

    def test_a_wrong_copy_is_noticed_by_all_who_share_it(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path
    ) -> None:
        proxy.on(Garble(), "GET", FILE, port=cloud.port(SPAIN), times=1)
        result = run(*BOTH, *REPLACE, *PARALLEL)
        assert result.code == 0
        regions.done(*BOTH)
        assert [file.name for file in spool.iterdir()] == ["admission"]

    def test_without_room_the_bytes_are_streamed_and_it_is_reported(
        self, cloud: FaultyCloud, run: Command, regions: Uploads, spool: Path
    ) -> None:
        result = run(*BOTH, *REPLACE, "-v", "--report", "report.json", "--config", "main.spool_size=2M")
        reason = f"spool: no room in {spool}: 3 MB are needed, 2 MB are left (spool_size)"
        reported = [re.sub(":[0-9]{2}:[0-9]{2}:[0-9]{2} ", ":", line, count=1) for line in result.err.splitlines()]
        assert (result.code, reported) == (0, warnings(reason))
        for region, image in moved(run.folder).items():
            assert (image["way"], reason in image["notes"]) == ("stream", True)
            assert f"{region}: one was not copied with way {reason}\n" in result.out
        regions.done(*BOTH)

    def test_a_folder_of_somebody_elses_is_not_used(
        self, cloud: FaultyCloud, run: Command, regions: Uploads, spool: Path, tmp_path: Path
    ) -> None:
        theirs = tmp_path / "theirs"
        theirs.mkdir(mode=0o700)
        (theirs / f"{'0' * 64}.data").write_text("theirs")
        spool.symlink_to(theirs)
        result = run(*BOTH, *REPLACE, "--report", "report.json")
        reason = f"spool: {spool} is not a folder of your own that only you can write to"
        of_the_run = f"WARNING:[main] spool_dir: {reason.removeprefix('spool: ')}; each region reads the master anew"
        assert (result.code, result.err.splitlines()) == (0, [of_the_run, *warnings(reason)])
        assert all(reason in image["notes"] for image in moved(run.folder).values())
        assert [file.read_text() for file in theirs.iterdir()] == ["theirs"]
        regions.done(*BOTH)


def warnings(reason: str) -> list[str]:
    """What is reported about a way that is not taken in either region."""
    return [f"WARNING:{region}: one is not copied with way {reason}" for region in BOTH]


def leave_a_part(cloud: FaultyCloud, run: Command, proxy: Proxy, spool: Path) -> int:
    """Kill a run in the middle of its download; bytes that are left in the spool."""
    stall = Stall(2 * MIB)
    proxy.on(stall, "GET", FILE, port=cloud.port(SPAIN), times=1)
    running = run.start(BURGOS, *REPLACE, "--transfer", "spool")
    wait_for(lambda: sum(file.stat().st_size for file in spool.glob("*.data")) >= MIB, "a part of the copy")
    running.kill()
    running.finish()
    (data,) = spool.glob("*.data")
    left = data.stat().st_size
    assert MIB <= left < SIZE
    return left
