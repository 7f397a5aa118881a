"""How a call of the command ends (sync 1.2)."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from fiwareglancesync.base.errors import Conflict
from fiwareglancesync.base.waiting import pause
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from tests.support.builders import carrying, image, master_image
from tests.support.patient import allow_time_to_tidy

from .conftest import Shell
from .contents import CONFLICT, IN_STEP, MASTERS


class TestExitCodes:
    DECIDE = "images await a decision in Burgos"
    PENDING = "something is pending in Burgos"
    OBSOLETE = "images are to be marked obsolete or hidden (see --dry-run) in Burgos"

    @pytest.mark.parametrize(
        ("images", "words", "code", "reason"),
        [
            (IN_STEP, ["--show-status"], 0, ""),
            (IN_STEP, ["--dry-run"], 0, ""),
            (IN_STEP, [], 0, ""),
            ([], ["--show-status"], 3, PENDING),
            ([], ["--dry-run"], 3, PENDING),
            ([], [], 0, ""),
            (CONFLICT, ["--show-status"], 3, DECIDE),
            (CONFLICT, ["--dry-run"], 3, DECIDE),
            (CONFLICT, [], 3, DECIDE),
            (CONFLICT, ["-q"], 3, DECIDE),
            (CONFLICT[:1], ["--dry-run"], 3, f"{PENDING}; {DECIDE}"),
            (
                [*IN_STEP, carrying(image("left"), host=os.uname().nodename)],
                ["--dry-run"],
                3,
                "an interrupted run has left images in Burgos",
            ),
            (CONFLICT, ["Nowhere", "Burgos", "--dry-run"], 1, ""),
            (CONFLICT, ["--make-backups"], 0, ""),
            (CONFLICT, ["--show-regions"], 0, ""),
        ],
    )
    @pytest.mark.parametrize("parallel", [[], ["--parallel"]])
    def test_3_says_that_something_is_pending_or_in_error_and_why_and_1_wins(
        self, shell: Shell, images: list[Image], words: list[str], code: int, reason: str, parallel: list[str]
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=images)
        ended = shell(*words, *parallel, "--exit-code")
        assert ended.code == code
        reported = [line for line in ended.complaints if "Exit code" in line]
        assert reported == ([f"WARNING:Exit code 3: {reason}"] if reason else [])

    @pytest.mark.parametrize("words", [["--show-status"], ["--dry-run"]])
    def test_3_names_what_has_no_row_in_a_status(self, shell: Shell, words: list[str]) -> None:
        shell.load(Spain=[*MASTERS, master_image("old_obsolete", "O")], Burgos=[*IN_STEP, image("old", "O")])
        ended = shell(*words, "--exit-code")
        assert (ended.code, ended.complaints[-1]) == (3, f"WARNING:Exit code 3: {self.PENDING}; {self.OBSOLETE}")
        assert shell().code == shell("--dry-run", "--exit-code").code == 0

    @pytest.mark.parametrize("words", [["--show-status"], ["--dry-run"]])
    def test_without_being_asked_it_is_0(self, shell: Shell, words: list[str]) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT)
        assert shell(*words).code == 0

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (["--format", "csv"], "ERROR:--format goes with --show-status or --show-regions"),
            (["nobody:"], "ERROR:nobody: unknown target; the configuration has: master"),
            (["--conf", "/nonexistent"], "ERROR:/nonexistent"),
            (["--config", "main.max_children=none"], "ERROR:"),
        ],
    )
    def test_2_says_that_nothing_was_begun(self, shell: Shell, words: list[str], line: str) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        ended = shell(*words)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(line)
        assert len(ended.complaints) == 1
        assert shell.images("Burgos") == []

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @pytest.mark.parametrize("write", ["create", "adopt"])
    def test_a_signal_ends_it_tidily(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, number: int, code: int, write: str
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=CONFLICT)
        allow_time_to_tidy(monkeypatch)
        before = shell.images("Burgos")
        original = getattr(EmbeddedPlace, write)

        def interrupt(place: EmbeddedPlace, *arguments: Any) -> Any:
            result = original(place, *arguments)
            os.kill(os.getpid(), number)
            return result

        monkeypatch.setattr(EmbeddedPlace, write, interrupt)
        ended = shell("--config", "replace=any")
        assert (ended.code, ended.err) == (code, "ERROR:Interrupted; no unfinished image is left.\n")
        assert shell.images("Burgos") == before

    @pytest.mark.parametrize("parallel", [[], ["--parallel"]])
    def test_a_signal_that_leaves_something_ends_it_with_what_that_is(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, parallel: list[str]
    ) -> None:
        shell.load(Spain=MASTERS, Burgos=[])
        allow_time_to_tidy(monkeypatch)
        program = os.getpid()

        def interrupt(place: EmbeddedPlace, image_id: str, master: Image) -> None:
            os.kill(program, signal.SIGTERM)
            pause(600.0, lambda: None)

        def refuse(place: EmbeddedPlace, image_id: str) -> None:
            raise Conflict("in use", status=409)

        monkeypatch.setattr(EmbeddedPlace, "adopt", interrupt)
        monkeypatch.setattr(EmbeddedPlace, "delete", refuse)
        ended = shell(*parallel)
        (left,) = shell.images("Burgos")
        stays = "1 unfinished image stays for the next run to finish or remove"
        assert ended.code == 143
        assert ended.err == f"ERROR:Interrupted; {stays}: Burgos: {left.name} (UUID {left.id})\n"
