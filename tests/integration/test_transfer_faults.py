"""Bytes that do not arrive, or late, or changed: reported in one line, nothing wrong is published, others finish."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fiwareglancesync.base.units import MIB
from tests.support.conditions import wait_for
from tests.support.faults import Command, FaultyCloud
from tests.support.moving import (
    AT_ONCE,
    BOTH,
    BURGOS,
    CACERES,
    FILE,
    PARALLEL,
    REPLACE,
    SIZE,
    SPAIN,
    Uploads,
    assert_matches,
    errors_of,
    kinds,
    moved,
)
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Act, Answer, Claim, Cut, Garble, Late, Lose, Narrow, Silence, Stall

pytestmark = pytest.mark.integration

class TestIntoARegion:
    """What goes wrong between the program and a region."""

    def test_a_broken_upload_is_begun_anew_and_never_sent_again(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        proxy.on(Cut(MIB), "PUT", FILE, port=cloud.port(BURGOS), times=1)
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        paths = [seen.path for seen in proxy.of("PUT", FILE)]
        assert len(paths) == len(set(paths)) == 2
        regions.done(BURGOS)

    def test_one_whose_answer_is_lost_is_no_failure(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        proxy.on(Lose(), "PUT", FILE)
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        assert proxy.count("PUT", FILE) == 1
        regions.done(BURGOS)

    @pytest.mark.parametrize(
        ("act", "cause"),
        [
            (Cut(MIB), r"Glance at http://\S+ .* after \d+ of 3145728 bytes"),
            pytest.param(
                Cut(MIB, reset=False), r"Glance at http://\S+ .* after \d+ of 3145728 bytes", marks=pytest.mark.slow
            ),
            (Answer(503, "draining", AT_ONCE), r"draining \(HTTP 503\)"),
        ],
        ids=["reset", "closed", "503"],
    )
    @pytest.mark.parametrize("parallel", [(), PARALLEL], ids=["", "parallel"])
    def test_one_that_always_breaks_ends_the_region_alone(
        self,
        cloud: FaultyCloud,
        run: Command,
        proxy: Proxy,
        regions: Uploads,
        act: Act,
        cause: str,
        parallel: tuple[str, ...],
    ) -> None:
        proxy.on(act, "PUT", FILE, port=cloud.port(BURGOS))
        result = run.hasty()(*BOTH, *REPLACE, *parallel)
        assert result.code == 1
        first, second = errors_of(run, result, BURGOS)
        begin = "ERROR:Burgos: Upload of one failed. Cause: "
        assert first.startswith(begin)
        assert_matches(cause, first.removeprefix(begin))
        assert second.startswith("ERROR:Burgos: Nothing more is done in this region. Cause: ")
        assert errors_of(run, result, CACERES) == []
        assert proxy.count("PUT", FILE, cloud.port(BURGOS)) == 3
        regions.undone(BURGOS)
        regions.done(CACERES)

    @pytest.mark.parametrize(
        "act",
        [Stall(MIB), pytest.param(Silence(), marks=pytest.mark.slow), Stall(SIZE - 1)],
        ids=["middle", "answer", "last byte"],
    )
    def test_one_that_stalls_is_cut_off(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, act: Act
    ) -> None:
        proxy.on(act, "PUT", FILE, port=cloud.port(BURGOS))
        result = run.hasty(idle=2.0, upload_answer=10.0)(*BOTH, *REPLACE)
        assert result.code == 1
        first, second = result.errors
        assert_matches(
            r"ERROR:Burgos: Upload of one failed\. Cause: Glance at http://\S+ did not answer in time"
            r" after \d+ of 3145728 bytes(; \d+s after the last byte the image is still (saving|queued) \(.*\))?",
            first,
        )
        # What was sent whole is not sent again.
        assert proxy.count("PUT", FILE, cloud.port(BURGOS)) == (1 if "after the last byte" in first else 3)
        assert second.startswith("ERROR:Burgos: Nothing more is done in this region. Cause: ")
        regions.undone(BURGOS)
        regions.done(CACERES)

    def test_a_slow_region_does_not_delay_the_others(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, tmp_path: Path
    ) -> None:
        narrow = Narrow()
        proxy.on(narrow, "PUT", FILE, port=cloud.port(BURGOS))
        events = tmp_path / "events"
        running = run.start(*BOTH, *REPLACE, *PARALLEL, "--transfer", "spool", "--events", str(events))
        wait_for(narrow.begun.is_set, "the slow upload")
        wait_for(lambda: "Caceres" in kinds(events, "region-finished"), "the end of the fast region")
        assert "Burgos" not in kinds(events, "region-finished")
        regions.done(CACERES)
        narrow.open.set()
        assert running.finish().code == 0
        regions.done(BURGOS)

    def test_latency_is_waited_for(self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads) -> None:
        proxy.on(Late(0.1), port=cloud.port(BURGOS))
        assert run(BURGOS, *REPLACE).code == 0
        regions.done(BURGOS)

    def test_a_token_that_ends_is_renewed(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        proxy.on(Answer(401, "expired"), "PUT", FILE, times=1)
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        assert proxy.count("POST", "/v3/auth/tokens") == 2
        regions.done(BURGOS)


BROKE = r".*Glance at http://\S+ broke off its answer after \d+ of 3145728 bytes"
BREAKS = ("reset", "truncated", "stalled")
"""Those that a fresh reading may get over."""

FAULTS: dict[str, tuple[Act, str]] = {
    "reset": (Cut(MIB // 2), r".*Glance at http://\S+ .* after \d+ of 3145728 bytes"),
    "truncated": (Cut(MIB // 2, reset=False), BROKE),
    "stalled": (Stall(MIB // 2), r".*Glance at http://\S+ did not answer in time after \d+ of 3145728 bytes"),
    "changed": (Garble(), r"after the upload its checksum is sha512 [0-9a-f]+, in the master sha512 [0-9a-f]+"),
    "too much claimed": (Claim(SIZE + 10), rf".*offers {SIZE + 10} bytes, the image has {SIZE}"),
    "too little claimed": (Claim(SIZE - 10), rf".*offers {SIZE - 10} bytes, the image has {SIZE}"),
    "500": (Answer(500, "no disk", AT_ONCE), r"the master cannot be read: no disk \(HTTP 500\)"),
    "silent": (Silence(), r"the master cannot be read: Glance at http://\S+ did not answer in time"),
}


RARER = ("too much claimed", "too little claimed")


class TestFromTheMaster:
    """What goes wrong between the master and the program."""

    @pytest.mark.parametrize(
        ("way", "name"),
        [
            *(("stream", name) for name in FAULTS),
            *(pytest.param("spool", name, marks=pytest.mark.slow) for name in FAULTS),
        ],
    )
    def test_nothing_wrong_is_published(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, spool: Path, way: str, name: str
    ) -> None:
        act, cause = FAULTS[name]
        proxy.on(act, "GET", FILE, port=cloud.port(SPAIN))
        result = run.hasty(idle=2.0, retry_limit=1)(BURGOS, *REPLACE, "--transfer", way)
        assert result.code == 1
        (line,) = result.errors
        begin = f"ERROR:Burgos: Upload of one failed. Cause: {way}: "
        assert line.startswith(begin)
        assert_matches(cause, line.removeprefix(begin))
        regions.undone(BURGOS)
        assert {file.name for file in spool.glob("*")} <= {"admission"}
        if name in BREAKS:
            assert proxy.count("GET", FILE, cloud.port(SPAIN)) == 3

    @pytest.mark.parametrize("name", ["reset", *(pytest.param(name, marks=pytest.mark.slow) for name in BREAKS[1:])])
    def test_a_stream_that_broke_is_begun_anew(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, name: str
    ) -> None:
        proxy.on(FAULTS[name][0], "GET", FILE, port=cloud.port(SPAIN), times=1)
        result = run.hasty(idle=2.0)(BURGOS, *REPLACE, "--transfer", "stream")
        assert (result.code, result.err) == (0, "")
        paths = [seen.path for seen in proxy.of("PUT", FILE)]
        assert len(paths) == len(set(paths)) == 2
        regions.done(BURGOS)

    # A reset takes along what was not read yet, so the place where it broke is not known.
    @pytest.mark.parametrize("act", [Cut(MIB, reset=False), pytest.param(Stall(MIB), marks=pytest.mark.slow)])
    def test_a_spool_that_broke_goes_on_where_it_was_and_no_region_notices(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, act: Act
    ) -> None:
        proxy.on(act, "GET", FILE, port=cloud.port(SPAIN), times=1)
        result = run.hasty(idle=2.0)(*BOTH, *REPLACE, *PARALLEL, "--transfer", "spool")
        assert (result.code, result.err) == (0, "")
        first, second = proxy.of("GET", FILE, cloud.port(SPAIN))
        assert first.start == 0 < second.start
        assert proxy.count("PUT", FILE) == 2
        regions.done(*BOTH)

    def test_what_came_wrong_by_the_spool_is_read_anew(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        proxy.on(Garble(), "GET", FILE, port=cloud.port(SPAIN), times=1)
        result = run(*BOTH, *REPLACE, "--transfer", "spool")
        assert (result.code, result.err) == (0, "")
        assert (proxy.count("GET", FILE, cloud.port(SPAIN)), proxy.count("PUT", FILE)) == (2, 3)
        regions.done(*BOTH)

    @pytest.mark.parametrize("name", RARER)
    def test_what_failed_once_goes_another_way(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, name: str
    ) -> None:
        act, cause = FAULTS[name]
        proxy.on(act, "GET", FILE, port=cloud.port(SPAIN), times=1)
        result = run.hasty(idle=2.0)(*BOTH, *REPLACE, "--report", "report.json")
        reported = moved(run.folder)
        assert [reported[region]["way"] for region in BOTH] == ["stream", "spool"]
        (note,) = [note for note in reported[BURGOS]["notes"] if note.startswith("spool: ")]
        assert (result.code, result.err) == (0, f"WARNING:Burgos: one is not copied with way {note}\n")
        assert_matches(cause, note.removeprefix("spool: "))
        regions.done(*BOTH)

    def test_one_that_does_not_answer_is_asked_once_in_a_run(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        proxy.on(Silence(), "GET", FILE, port=cloud.port(SPAIN))
        result = run.hasty(idle=2.0, retry_limit=0.1)(*BOTH, *REPLACE)
        assert result.code == 1
        assert [len(errors_of(run, result, region)) for region in BOTH] == [1, 1]
        assert (proxy.count("GET", FILE, cloud.port(SPAIN)), proxy.count("POST", "/v2/images")) == (1, 1)
        regions.undone(*BOTH)

    def test_what_passes_by_is_not_even_reported(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        proxy.on(Answer(503, "busy", AT_ONCE), "GET", FILE, port=cloud.port(SPAIN), times=1)
        proxy.on(Answer(500, "busy", AT_ONCE), "GET", FILE, port=cloud.port(SPAIN), times=1)
        result = run(BURGOS, *REPLACE, "--transfer", "stream")
        assert (result.code, result.err) == (0, "")
        regions.done(BURGOS)

    @pytest.mark.parametrize("way", ["stream", "spool"])
    @pytest.mark.parametrize("parallel", [(), PARALLEL], ids=["", "parallel"])
    def test_a_run_that_waits_for_a_silent_master_can_be_interrupted(
        self,
        cloud: FaultyCloud,
        run: Command,
        proxy: Proxy,
        regions: Uploads,
        way: str,
        parallel: tuple[str, ...],
    ) -> None:
        stall = Stall(MIB)
        proxy.on(stall, "GET", FILE, port=cloud.port(SPAIN))
        running = run.patient().start(*BOTH, *REPLACE, "--transfer", way, *parallel)
        wait_for(stall.begun.is_set, "a download under way")
        wait_for(lambda: proxy.count("PUT", FILE), "an upload under way")
        running.signal(signal.SIGTERM)
        result = running.finish()
        assert (result.code, result.err) == (143, "ERROR:Interrupted; no unfinished image is left.\n")
        assert running.processes() == []
        regions.undone(*BOTH)
