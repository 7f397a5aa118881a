"""What others do while a run goes on: they delete images, run the program too, interrupt or kill it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.images.model import JOURNAL
from tests.support.conditions import PATIENCE, wait_for
from tests.support.faults import Command, FaultyCloud, Made, Running
from tests.support.patient import TIDY
from tests.support.proxy import Proxy
from tests.support.proxy_acts import Narrow, RunBeside, Silence

pytestmark = pytest.mark.integration

BURGOS, CACERES = "Burgos", "Caceres"
FILE = "/v2/images/[^/]+/file"
LARGE = bytes(48 * 2**20)
REPLACE = ("--config", "master.replace=any")


class TestDeletedMeanwhile:
    @pytest.fixture
    def run(self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> Command:
        return faulty.command(tmp_path, proxy)

    def test_the_old_image_of_a_replacement_is_not_missed(
        self, faulty: FaultyCloud, run: Command, proxy: Proxy
    ) -> None:
        faulty.hold("Spain", Made("one", b"new"), Made("two", b"second"))
        (old,) = faulty.hold(BURGOS, Made("one", b"old"))
        proxy.on(RunBeside(before=lambda: faulty.remove(BURGOS, old)), "PUT", FILE, times=1)
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        faulty.assert_holds(BURGOS, {"one": b"new", "two": b"second"})

    def test_an_image_to_be_updated_fails_alone(self, faulty: FaultyCloud, run: Command, proxy: Proxy) -> None:
        faulty.hold(
            "Spain",
            Made("known", b"known", properties={"nid": "1"}),
            Made("gone_obsolete", b"gone"),
            Made("new", b"new one"),
        )
        known, gone = faulty.hold(BURGOS, Made("known", b"known"), Made("gone", b"gone"))
        for image in (known, gone):
            # The default argument holds the image of its own round.
            def remove(image: str = image) -> None:
                faulty.remove(BURGOS, image)

            proxy.on(RunBeside(before=remove), "PATCH", f"/v2/images/{image}", times=1)
        result = run(BURGOS)
        assert (result.code, len(result.errors)) == (1, 2)
        assert result.errors[0].startswith("ERROR:Burgos: Update of gone_obsolete failed. Cause: ")
        assert result.errors[1].startswith("ERROR:Burgos: Update of known failed. Cause: ")
        assert all("(HTTP 404)" in line for line in result.errors)
        faulty.assert_holds(BURGOS, {"new": b"new one"})
        assert run(BURGOS).code == 0
        faulty.assert_holds(BURGOS, {"new": b"new one", "known": b"known"})

    def test_an_image_that_is_being_uploaded_fails_alone(
        self, faulty: FaultyCloud, run: Command, proxy: Proxy
    ) -> None:
        faulty.hold("Spain", Made("one", b"new"), Made("two", b"second"))
        (old,) = faulty.hold(BURGOS, Made("one", b"old"))

        def remove_the_new_one() -> None:
            (new,) = [image.id for image in faulty.seen(BURGOS) if image.id != old]
            faulty.remove(BURGOS, new)

        proxy.on(RunBeside(before=remove_the_new_one), "PUT", FILE, times=1)
        result = run(BURGOS, *REPLACE)
        assert (result.code, len(result.errors)) == (1, 1)
        assert result.err.startswith("ERROR:Burgos: Upload of one failed. Cause: ")
        assert "(HTTP 404)" in result.err
        faulty.assert_holds(BURGOS, {"one": b"old", "two": b"second"})
        assert faulty.only(BURGOS, "one").id == old

    @pytest.mark.parametrize("way", ["auto", "file", "stream"])
    def test_an_image_of_the_master_fails_alone(
        self, faulty: FaultyCloud, run: Command, proxy: Proxy, way: str
    ) -> None:
        gone, _ = faulty.hold("Spain", Made("one", b"new"), Made("two", b"second"))
        faulty.hold(BURGOS, Made("one", b"old"))
        faulty.hold(CACERES)
        proxy.on(RunBeside(before=lambda: faulty.remove("Spain", gone)), "POST", "/v2/images", times=1)
        result = run(*REPLACE, "--transfer", way)
        assert result.code == 1
        begins = [f"ERROR:{region}: Upload of one failed. Cause: " for region in (BURGOS, CACERES)]
        assert len(result.errors) == len(begins)
        assert all(line.startswith(begin) for line, begin in zip(result.errors, begins, strict=True))
        faulty.assert_holds(BURGOS, {"one": b"old", "two": b"second"})
        faulty.assert_holds(CACERES, {"two": b"second"})


class Upload:
    """A run of the program that is in the middle of an upload.

    :param running: the run
    :param narrow: what holds each of its uploads up
    """

    def __init__(self, running: Running, narrow: list[Narrow]) -> None:
        self.running = running
        self._narrow = narrow

    def reached(self, *, count: int = 1) -> None:
        """Wait until that many uploads are under way."""
        wait_for(lambda: sum(each.begun.is_set() for each in self._narrow) >= count, "an upload under way")

    def let_go(self) -> None:
        """Let the bytes flow."""
        for each in self._narrow:
            each.open.set()


@pytest.fixture(scope="class")
def large(faulty: FaultyCloud) -> None:
    """A master with an image that takes its time."""
    faulty.hold("Spain", Made("large", LARGE))


@pytest.mark.usefixtures("large")
class TestWhileUploading:
    @pytest.fixture
    def before(self, faulty: FaultyCloud) -> dict[str, str]:
        """An old image in each region."""
        return {region: faulty.hold(region, Made("large", b"old"))[0] for region in (BURGOS, CACERES)}

    @pytest.fixture
    def narrow(self, faulty: FaultyCloud, proxy: Proxy) -> Iterator[list[Narrow]]:
        """Narrow ways into both regions."""
        made = [Narrow(), Narrow()]
        for each, region in zip(made, (BURGOS, CACERES), strict=True):
            proxy.on(each, "PUT", FILE, port=faulty.port(region))
        yield made
        for each in made:
            each.open.set()

    @pytest.fixture
    def run(self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> Command:
        return faulty.command(tmp_path, proxy)

    def start(self, run: Command, narrow: list[Narrow], *words: str, count: int = 1) -> Upload:
        upload = Upload(run.start(*words, *REPLACE), narrow)
        upload.reached(count=count)
        return upload

    def test_a_second_run_says_who_holds_the_region(
        self, faulty: FaultyCloud, run: Command, narrow: list[Narrow], before: dict[str, str]
    ) -> None:
        first = self.start(run, narrow, BURGOS)
        narrow[1].open.set()
        waiting = run.start("--wait", BURGOS, *REPLACE)
        second = run(*REPLACE)
        assert second.code == 1
        (line,) = second.errors
        holder = f"process {first.running.pid} at {socket.gethostname()} since 20"
        assert line.startswith(f"ERROR:Burgos: another run holds the region: {holder}")
        assert line.endswith("; try again later, or use --wait")
        faulty.assert_holds(CACERES, {"large": LARGE})
        # To look is always allowed, and nothing has happened to the old image yet.
        status = run("--show-status", BURGOS)
        assert status.code == 0
        assert status.out.endswith(",Burgos,large\r\n")
        assert faulty.only_active(BURGOS).id == before[BURGOS]
        assert not narrow[0].open.is_set()
        first.let_go()
        results = [first.running.finish(), waiting.finish()]
        assert [(result.code, result.err) for result in results] == [(0, ""), (0, "")]
        assert "INFO:Burgos: Image uploaded." in results[0].out.splitlines()
        assert results[1].out.splitlines()[-1] == "INFO:Burgos: Region is synchronized."
        faulty.assert_holds(BURGOS, {"large": LARGE})

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @pytest.mark.parametrize("parallel", [(), ("--parallel", "--config", "max_children=2")], ids=["", "parallel"])
    def test_a_signal_leaves_everything_tidy(
        self,
        faulty: FaultyCloud,
        run: Command,
        narrow: list[Narrow],
        before: dict[str, str],
        number: signal.Signals,
        code: int,
        parallel: tuple[str, ...],
    ) -> None:
        upload = self.start(run.patient(), narrow, *parallel, count=2 if parallel else 1)
        if number is signal.SIGINT:
            upload.running.interrupt()
        else:
            upload.running.signal(number)
        result = upload.running.finish()
        assert upload.running.processes() == []
        upload.let_go()
        assert (result.code, result.err) == (code, "ERROR:Interrupted; no unfinished image is left.\n")
        for region in (BURGOS, CACERES):
            faulty.assert_holds(region, {"large": b"old"})
            image = faulty.only(region, "large")
            assert (image.id, image.public) == (before[region], True)

    def test_several_uploads_at_once_end_all_of_them(
        self, faulty: FaultyCloud, run: Command, proxy: Proxy, narrow: list[Narrow], before: dict[str, str]
    ) -> None:
        second = faulty.add("Spain", Made("second", LARGE))
        try:
            upload = self.start(run.patient(), narrow, BURGOS, "--config", "uploads_per_region=2")
            wait_for(lambda: proxy.count("PUT", FILE) == 2, "two uploads under way")
            upload.running.interrupt()
            result = upload.running.finish()
        finally:
            faulty.remove("Spain", second)
        assert (result.code, result.err) == (130, "ERROR:Interrupted; no unfinished image is left.\n")
        faulty.assert_holds(BURGOS, {"large": b"old"})
        assert faulty.only(BURGOS, "large").id == before[BURGOS]

    def test_a_killed_one_is_finished_by_the_next(
        self, faulty: FaultyCloud, run: Command, narrow: list[Narrow], before: dict[str, str]
    ) -> None:
        upload = self.start(run, narrow, BURGOS)
        upload.running.signal(signal.SIGKILL)
        assert upload.running.finish().code == -signal.SIGKILL
        upload.let_go()
        left = [image for image in faulty.seen(BURGOS) if image.id != before[BURGOS]]
        assert [(image.name, image.public, JOURNAL in image.properties) for image in left] == [("large", False, True)]
        assert faulty.only_active(BURGOS).id == before[BURGOS]
        dry = run("--dry-run", BURGOS, *REPLACE)
        assert f"INFO:Burgos: Image pending to be tidied: large (UUID {left[0].id})" in dry.out.splitlines()
        result = run(BURGOS, *REPLACE)
        assert (result.code, result.err) == (0, "")
        faulty.assert_holds(BURGOS, {"large": LARGE})

    def test_a_child_that_is_killed_fails_its_region_alone(
        self, faulty: FaultyCloud, run: Command, narrow: list[Narrow], before: dict[str, str]
    ) -> None:
        narrow[1].open.set()
        upload = self.start(run, narrow, BURGOS, CACERES, "--parallel", "--config", "max_children=2", count=2)
        (child,) = self.last_child(upload.running)
        os.kill(child, signal.SIGKILL)
        result = upload.running.finish()
        assert (result.code, upload.running.processes()) == (1, [])
        assert "INFO:Region Burgos has finished with errors" in result.out.splitlines()
        assert "INFO:Region Caceres has finished" in result.out.splitlines()
        (folder,) = run.folder.glob("sync_*")
        assert "ERROR Burgos: the process of the region was killed by signal 9" in (folder / "Burgos.txt").read_text()
        faulty.assert_holds(CACERES, {"large": LARGE})
        assert faulty.only_active(BURGOS).id == before[BURGOS]

    @staticmethod
    def last_child(running: Running) -> list[int]:
        """The child of a run that is left once the other has ended."""

        def children() -> list[int]:
            return [process for process in running.processes() if process != running.pid]

        wait_for(lambda: len(children()) == 1, "one region's process has ended")
        return children()


class TestWhileListing:
    """A run that is interrupted does not wait for an answer that nobody needs any more."""

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @pytest.mark.parametrize(
        ("words", "silent"),
        [((), BURGOS), ((BURGOS,), BURGOS), (("--show-status",), "Spain"), (("--parallel",), BURGOS)],
        ids=["all", "one", "master", "parallel"],
    )
    def test_a_signal_ends_it(
        self,
        faulty: FaultyCloud,
        tmp_path: Path,
        proxy: Proxy,
        words: tuple[str, ...],
        silent: str,
        number: signal.Signals,
        code: int,
    ) -> None:
        proxy.on(Silence(), port=faulty.port(silent))
        # Longer than the test's patience with a run.
        running = faulty.command(tmp_path, proxy).start(*words, "--config", "list_images_timeout=3600")
        wait_for(lambda: faulty.port(silent) in [seen.port for seen in proxy.requests], "a listing request")
        if number is signal.SIGINT:
            running.interrupt()
        else:
            running.signal(number)
        result = running.finish()
        assert (result.code, result.err) == (code, "ERROR:Interrupted; no unfinished image is left.\n")
        assert running.processes() == []


class TestInterruptedWhileARegionIsSlow:
    """A run that is interrupted removes what it can in the time that there is, and names the rest."""

    def test_moves_that_wait_for_an_answer_leave_nothing(
        self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy
    ) -> None:
        faulty.hold("Spain", *(Made(name, name.encode()) for name in ("one", "two", "three")))
        faulty.hold(BURGOS)
        sent, answered = threading.Barrier(4), threading.Event()
        # Glance has the bytes by then, but the program does not get to know.
        proxy.on(RunBeside(before=sent.wait, after=answered.wait), "PUT", FILE)
        command = faulty.command(tmp_path, proxy).patient()
        running = command.start(BURGOS, "--transfer", "stream", "--config", "uploads_per_region=3")
        try:
            sent.wait(PATIENCE)
            running.interrupt()
            result = running.finish()
        finally:
            answered.set()
        assert (result.code, result.err) == (130, "ERROR:Interrupted; no unfinished image is left.\n")
        wait_for(lambda: faulty.seen(BURGOS) == [], "the end of what Glance was at")

    def test_what_it_does_not_answer_to_is_named(self, faulty: FaultyCloud, tmp_path: Path, proxy: Proxy) -> None:
        faulty.hold("Spain", Made("one", LARGE))
        faulty.hold(BURGOS)
        narrow = Narrow()
        proxy.on(narrow, "PUT", FILE)
        proxy.on(Silence(), "DELETE", ".*")
        command = faulty.command(tmp_path, proxy)
        running = command.start(BURGOS, "--transfer", "stream")
        wait_for(narrow.begun.is_set, "an upload under way")
        running.signal(signal.SIGTERM)
        result = running.finish(TIDY)
        narrow.open.set()
        (left,) = faulty.seen(BURGOS)
        stays = "1 unfinished image stays for the next run to finish or remove"
        assert (result.code, result.err) == (143, f"ERROR:Interrupted; {stays}: Burgos: one (UUID {left.id})\n")
        assert faulty.command(tmp_path)(BURGOS).code == 0
        faulty.assert_holds(BURGOS, {"one": LARGE})
