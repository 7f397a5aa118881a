"""A region whose own machinery fails, clocks that are wrong, and how far each refusal reaches (design 7)."""

from __future__ import annotations

import json
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fiwareglancesync.base.units import MIB
from tests.support.development_cloud import DevelopmentCloud, development_cloud
from tests.support.faults import Command, FaultyCloud, Made
from tests.support.moving import BOTH, BURGOS, CACERES, CONTENT, FILE, OLD, PARALLEL, REPLACE, SPAIN, Uploads
from tests.support.observed_federations import OURS
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Answer, Rewrite, RunBeside

pytestmark = pytest.mark.integration

IMAGE = "/v2/images/[^/]+"


class TestServices:
    """A region whose own machinery fails."""

    def test_a_full_file_store_stops_uploads_there(
        self, cloud: FaultyCloud, run: Command, regions: Uploads
    ) -> None:
        (known,) = [cloud.add(BURGOS, Made("known", b"known"))]
        master = cloud.add(SPAIN, Made("known", b"known", properties={"nid": "7"}))
        try:
            with full(development_cloud(), BURGOS):
                result = run(*BOTH, *REPLACE)
        finally:
            cloud.remove(SPAIN, master)
        assert result.code == 1
        first, second = result.errors
        assert first.startswith("ERROR:Burgos: Upload of one failed. Cause: ")
        assert first.endswith("(HTTP 413)")
        assert second.startswith("ERROR:Burgos: Nothing more is uploaded to this region. Cause: ")
        # What needs no room is done all the same, and other regions have theirs.
        cloud.assert_holds(BURGOS, {"one": OLD, "known": b"known"})
        assert cloud.client(BURGOS, OURS).images.get(known)["nid"] == "7"
        cloud.assert_holds(CACERES, {"one": CONTENT, "known": b"known"})

    def test_a_locked_database_is_waited_for(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        with locked(development_cloud(), BURGOS) as (lock, release):
            later = threading.Timer(1.0, release)
            proxy.on(RunBeside(before=lock), "PATCH", IMAGE, port=cloud.port(BURGOS), times=1)
            proxy.on(RunBeside(before=later.start), "PATCH", IMAGE, port=cloud.port(CACERES), times=1)
            result = run(CACERES, BURGOS, *REPLACE, *PARALLEL)
            later.join()
        assert (result.code, result.err) == (0, "")
        regions.done(*BOTH)

    def test_one_that_stays_locked_fails_the_region_alone(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads
    ) -> None:
        with locked(development_cloud(), BURGOS) as (lock, _):
            proxy.on(RunBeside(before=lock), "POST", "/v2/images", port=cloud.port(BURGOS), times=1)
            result = run.hasty(control=3.0, retry_limit=1)(*BOTH, *REPLACE)
        assert result.code == 1
        first, second = result.errors
        assert first.startswith("ERROR:Burgos: Upload of one failed. Cause: Glance at ")
        assert "did not answer in time" in first
        assert second.startswith("ERROR:Burgos: Nothing more is done in this region. Cause: ")
        regions.done(CACERES)
        assert cloud.only_active(BURGOS).digest is not None
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        regions.done(BURGOS)


@contextmanager
def full(devcloud: DevelopmentCloud, region: str) -> Iterator[None]:
    """Have a region's store take no file larger than a MiB: Glance cannot distinguish that from a full disk."""
    group = devcloud_group(devcloud, region)
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    members = [int(entry.name) for entry in processes if in_group(entry, group)]
    kept = {process: resource.prlimit(process, resource.RLIMIT_FSIZE) for process in members}
    try:
        for process, (_, hard) in kept.items():
            resource.prlimit(process, resource.RLIMIT_FSIZE, (MIB, hard))
        yield
    finally:
        for process, limits in kept.items():
            resource.prlimit(process, resource.RLIMIT_FSIZE, limits)


def devcloud_group(devcloud: DevelopmentCloud, region: str) -> int:
    """The process group of a region's Glance."""
    group: int = devcloud.described["regions"][region]["pid"]
    return group


def in_group(entry: Path, group: int) -> bool:
    """Whether a process, by its entry in ``/proc``, is of a group."""
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[2]) == group
    except OSError:
        return False


@contextmanager
def locked(
    devcloud: DevelopmentCloud, region: str
) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """What locks the database of a region's Glance, as a backup of it may do, and what releases it."""
    file = devcloud.folder / region / "database.sqlite"
    assert file.is_file()
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as database:

        def lock() -> None:
            database.execute("BEGIN EXCLUSIVE")

        def release() -> None:
            if database.in_transaction:
                database.execute("ROLLBACK")

        try:
            yield lock, release
        finally:
            release()


class TestClocks:
    """Tokens whose times make no sense here, because a clock is wrong."""

    @pytest.mark.parametrize(
        ("issued", "expires"),
        [
            ("2001-01-01T00:00:00.000000Z", "2001-01-01T01:00:00.000000Z"),
            ("2098-01-01T00:00:00.000000Z", "2098-01-01T01:00:00.000000Z"),
            ("2098-01-01T00:00:00.000000Z", "2001-01-01T00:00:00.000000Z"),
        ],
        ids=["past", "future", "backwards"],
    )
    def test_the_service_decides_whether_a_token_is_good(
        self, cloud: FaultyCloud, run: Command, proxy: Proxy, regions: Uploads, issued: str, expires: str
    ) -> None:
        def change(content: bytes) -> bytes:
            document = json.loads(content)
            document["token"] |= {"issued_at": issued, "expires_at": expires}
            return json.dumps(document).encode()

        proxy.on(Rewrite(change), "POST", "/v3/auth/tokens")
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        regions.done(BURGOS)

    def test_one_without_sense_is_one_line(self, run: Command, proxy: Proxy, regions: Uploads) -> None:
        def change(content: bytes) -> bytes:
            document = json.loads(content)
            document["token"]["expires_at"] = "soon"
            return json.dumps(document).encode()

        proxy.on(Rewrite(change), "POST", "/v3/auth/tokens")
        result = run(BURGOS, *REPLACE)
        assert (result.code, len(result.errors)) == (1, 1)
        assert "sent a malformed token" in result.err
        regions.undone(BURGOS)


class TestScopes:
    """How far an error reaches (design 7): to its image, or to all uploads, or to the whole region."""

    @pytest.fixture
    def two(self, cloud: FaultyCloud, run: Command) -> Iterator[Command]:
        """A second image to be uploaded, after the first, and one to be updated."""
        made = [
            cloud.add(SPAIN, Made("two", CONTENT + b"2")),
            cloud.add(SPAIN, Made("known", b"known", properties={"nid": "7"})),
        ]
        cloud.add(BURGOS, Made("known", b"known"))
        yield run
        for image in made:
            cloud.remove(SPAIN, image)

    @pytest.mark.parametrize(
        ("method", "path", "answer", "reaches"),
        [
            ("POST", "/v2/images", Answer(413, "Project p is over a limit for [image_count_total]"), "uploads"),
            ("PUT", FILE, Answer(413, "There is not enough disk space on the image storage media."), "uploads"),
            ("POST", "/v2/images", Answer(413, "The limit on the number of allowed image properties"), "image"),
            ("PUT", FILE, Answer(413, "The provided image is too large."), "image"),
            ("POST", "/v2/images", Answer(403, "You are not authorized to complete add_image action."), "uploads"),
            ("POST", "/v2/images", Answer(401, "The request you have made requires authentication."), "region"),
            ("POST", "/v2/images", Answer(403, "Property 'x' is protected"), "image"),
            ("PATCH", IMAGE, Answer(403, "Forbidden to modify this image"), "image"),
        ],
        ids=["images", "disk", "properties", "too large", "create", "token", "property", "protected"],
    )
    def test_each_refusal_reaches_as_far_as_it_must(
        self,
        cloud: FaultyCloud,
        two: Command,
        proxy: Proxy,
        method: str,
        path: str,
        answer: Answer,
        reaches: str,
    ) -> None:
        burgos = cloud.port(BURGOS)
        if method == "PATCH":
            # The first one updates, the second publishes.
            proxy.on(RunBeside(), method, path, port=burgos, times=1)
        # A token that is refused is renewed once.
        proxy.on(answer, method, path, port=burgos, times=2 if answer.status == 401 else 1)
        result = two(*BOTH, *REPLACE)
        assert result.code == 1
        cause = f"{answer.text} (HTTP {answer.status})"
        assert result.errors[0].startswith(f"ERROR:Burgos: Upload of one failed. Cause: {cause}")
        further = {
            "image": [],
            "uploads": [f"ERROR:Burgos: Nothing more is uploaded to this region. Cause: {cause}"],
            "region": [f"ERROR:Burgos: Nothing more is done in this region. Cause: {cause}"],
        }
        for line, beginning in zip(result.errors[1:], further[reaches], strict=True):
            assert line.startswith(beginning)  # advice may follow
        expected = {"one": OLD, "known": b"known"} | ({"two": CONTENT + b"2"} if reaches == "image" else {})
        cloud.assert_holds(BURGOS, expected)
        known = cloud.only(BURGOS, "known")
        assert known.properties["nid"] == "7"
        cloud.assert_holds(CACERES, {"one": CONTENT, "two": CONTENT + b"2", "known": b"known"})
