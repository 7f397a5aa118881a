"""Services that refuse for now, and proxies that buffer: everything arrives in one run, and nothing is sent twice."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.conditions import wait_for
from tests.support.faults import FaultyCloud, Made
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Answer, Buffer, Crowd, Limit

pytestmark = pytest.mark.integration

IMAGE = "/v2/images/[^/]+"
FILE = f"{IMAGE}/file"
TOKENS = "/v3/auth/tokens"
MIB = 2**20
STREAM = ("Burgos", "--transfer", "stream")


@pytest.fixture(scope="class")
def cloud(faulty: FaultyCloud, request: pytest.FixtureRequest) -> FaultyCloud:
    """A master with the images of the class."""
    faulty.hold("Spain", *(Made(name, content) for name, content in request.cls.CONTENT.items()))
    return faulty


class TestRates:
    """The services pass so many requests on in a time, and refuse the others."""

    CONTENT: ClassVar[Mapping[str, bytes]] = {f"image-{number:02}": bytes([number]) * 1000 for number in range(25)}

    @pytest.fixture
    def empty(self, cloud: FaultyCloud) -> FaultyCloud:
        cloud.hold("Burgos")
        cloud.hold("Caceres")
        return cloud

    @pytest.mark.parametrize(
        ("requests", "seconds"), [(40, 2.0), pytest.param(60, 60.0, marks=pytest.mark.slow)], ids=["quick", "minute"]
    )
    def test_all_images_arrive_in_one_run(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy, requests: int, seconds: float
    ) -> None:
        limit = proxy.on(Limit(requests, seconds))
        running = empty.command(tmp_path, proxy).start(*STREAM, "--events", "events")
        result = running.finish(300.0)
        assert result.code == 0
        empty.assert_holds("Burgos", self.CONTENT)
        assert isinstance(limit, Limit)
        assert limit.refused > 0
        assert result.warnings
        for line in result.warnings:
            assert "Too many requests. (HTTP 429); waiting " in line
            assert line.endswith(", as it asks")
        events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
        waits = [event for event in events if event["kind"] == "waiting"]
        assert [f"WARNING:{event['message']}" for event in waits] == result.warnings
        # Nothing was made twice: each image was created once, and none removed.
        assert proxy.count("DELETE", IMAGE) == 0

    def test_several_at_once_and_several_regions_do_too(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        proxy.on(Limit(60, 2.0))
        words = ("--parallel", "--config", "max_children=2", "uploads_per_region=3")
        result = empty.command(tmp_path, proxy).start(*words).finish(300.0)
        assert result.code == 0
        for region in ("Burgos", "Caceres"):
            empty.assert_holds(region, self.CONTENT)

    def test_a_wait_longer_than_the_lists_time_does_not_end_the_list(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        refusal = Answer(503, "slow down", {"Retry-After": "4"})
        # Each of the master's two queries waits twice.
        proxy.on(refusal, "GET", "/v2/images", times=4)
        proxy.on(refusal, "POST", TOKENS, times=1)
        words = ("--show-status", "--config", "list_images_timeout=7s")
        result = empty.command(tmp_path, proxy)("Burgos", *words)
        assert (result.code, len(result.out.splitlines())) == (0, len(self.CONTENT))
        keystone, glance = result.warnings[0], result.warnings[-1]
        said = "slow down (HTTP 503); waiting 4s, as it asks"
        assert keystone == f"WARNING:Keystone at {empty.keystone_url()}: {said}"
        assert glance == f"WARNING:Spain: Glance: {said}"

    def test_one_that_asks_for_hours_fails_at_once_and_says_so(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        proxy.on(Answer(503, "maintenance", {"Retry-After": "10800"}), port=empty.port("Burgos"))
        begun = time.monotonic()
        result = empty.command(tmp_path, proxy)("Burgos")
        assert time.monotonic() - begun < 150.0  # retry_timeout is twice as long
        cause = "maintenance (HTTP 503); it asks to wait 3h, retry_timeout allows 5min"
        assert (result.code, result.err) == (1, f"ERROR:Burgos: Error retrieving image list. Cause: {cause}\n")


class TestUploads:
    """What happens to the bytes themselves."""

    CONTENT: ClassVar[Mapping[str, bytes]] = {name: name.encode() * MIB for name in ("one", "two", "three")}

    @pytest.fixture
    def empty(self, cloud: FaultyCloud) -> FaultyCloud:
        cloud.hold("Burgos")
        return cloud

    def test_a_region_that_takes_one_at_a_time_gets_them_all(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        crowd = proxy.on(Crowd(1, 5.0), "PUT", FILE)
        result = empty.command(tmp_path, proxy)(*STREAM, "--config", "uploads_per_region=3")
        assert result.code == 0
        empty.assert_holds("Burgos", self.CONTENT)
        assert isinstance(crowd, Crowd)
        assert crowd.refused > 0
        assert any("Burgos: Images are uploaded at most 1 at a time from now on." in line for line in result.warnings)
        assert proxy.count("POST", "/v2/images") == len(self.CONTENT)

    def test_an_upload_that_is_refused_for_now_goes_into_the_same_image(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        proxy.on(Answer(429, "slow down", {"Retry-After": "1"}), "PUT", FILE, times=2)
        result = empty.command(tmp_path, proxy)(*STREAM)
        assert result.code == 0
        empty.assert_holds("Burgos", self.CONTENT)
        refused = "is refused for now: slow down (HTTP 429); waiting 1s, as it asks"
        assert result.warnings == [f"WARNING:Burgos: Upload of one {refused}"] * 2
        assert proxy.count("POST", "/v2/images") == len(self.CONTENT)
        assert proxy.count("DELETE", IMAGE) == 0

    @pytest.mark.parametrize(
        "buffer",
        [Buffer(2.0), Buffer(1.0, late=2.0), Buffer(3.0, answered=False)],
        ids=["saving", "queued at first", "silent"],
    )
    def test_behind_a_proxy_that_buffers_each_image_is_sent_once(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy, buffer: Buffer
    ) -> None:
        proxy.on(buffer, "PUT", FILE)
        # Without the time for the size the answer would come too late.
        words = ("--config", "upload_answer_timeout=1s", f"slowest_rate={MIB // 10}")
        result = empty.command(tmp_path, proxy)(*STREAM, *words)
        assert (result.code, result.err) == (0, "")
        empty.assert_holds("Burgos", self.CONTENT)
        assert proxy.count("PUT", FILE) == len(self.CONTENT)
        assert proxy.count("DELETE", IMAGE) == 0

    def test_one_that_never_gets_there_is_not_sent_again(
        self, empty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        proxy.on(Buffer(1.0, late=3600.0), "PUT", FILE)
        words = ("--image", "one", "--config", "upload_answer_timeout=1s", "slowest_rate=4M")
        result = empty.command(tmp_path, proxy)(*STREAM, *words)
        assert result.code == 1
        late = "after the last byte the image is still queued (upload_answer_timeout, slowest_rate)"
        (line,) = result.errors
        assert line.startswith("ERROR:Burgos: Upload of one failed. Cause: Gateway Time-out (HTTP 504); ")
        assert line.endswith(late)
        assert proxy.count("PUT", FILE) == 1
        empty.assert_holds("Burgos", {})


class TestInterrupted:
    """No run waits for minutes after a signal to stop."""

    CONTENT: ClassVar[Mapping[str, bytes]] = {"one": b"one"}

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", TOKENS), ("GET", "/v2/images"), ("POST", "/v2/images"), ("PUT", FILE)],
        ids=["sign-in", "list", "create", "upload"],
    )
    @pytest.mark.parametrize("words", [(), ("--parallel", "--config", "max_children=2")], ids=["alone", "parallel"])
    def test_a_wait_ends_with_the_run(
        self, cloud: FaultyCloud, tmp_path: Path, proxy: Proxy, method: str, path: str, words: tuple[str, ...]
    ) -> None:
        cloud.hold("Burgos")
        cloud.hold("Caceres")
        proxy.on(Answer(429, "slow down", {"Retry-After": "120"}), method, path)
        running = cloud.command(tmp_path, proxy).patient().start(*words)
        wait_for(lambda: proxy.count(method, path), "the request that is refused")
        running.interrupt()
        assert running.ends_within(60.0)  # half of the wait
        assert running.finish().code == 130
        cloud.assert_holds("Burgos", {})
