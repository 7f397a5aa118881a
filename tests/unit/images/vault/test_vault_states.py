"""Whatever is done with a vault, in any order and ended at any step: a run has its records, a record its bytes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fiwareglancesync.images.vault import vault_writer
from fiwareglancesync.images.vault.forget_runs import forget, judge_shelves
from fiwareglancesync.images.vault.prune_run import plan_removal, prune
from fiwareglancesync.images.vault.retention import KeepRules
from fiwareglancesync.images.vault.vault_folder import init_vault
from fiwareglancesync.images.vault.vault_model import BackupRun, ContentKey
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from fiwareglancesync.images.vault.verify_run import VerifyListeners, VerifyOptions, verify
from tests.support.failing_disk import Kill, Killed, observed_disk
from tests.support.vaults import back_up, faults, sha512, store

CONTENTS = [b"one", b"two", b"three"]
SHELVES = ["Burgos", "west:Spain"]

images = st.dictionaries(st.integers(1, 3), st.sampled_from(CONTENTS), max_size=3)
shelves = st.sampled_from(SHELVES)
kills = st.just(0) | st.integers(1, 40)


def ignore(value: object) -> None:
    """Take what happens."""


class VaultMachine(RuleBasedStateMachine):
    """A vault, its clock, and the runs that must be whole."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.vault = init_vault(self.folder / "vault")
        self.now = datetime.now(timezone.utc)
        self.number = 0
        self.runs: dict[tuple[str, datetime], BackupRun] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def do(self, kill: int, action: Callable[[], Any]) -> Any:
        """Do something, with the process ended at a certain change; None when it was."""
        with observed_disk(Kill(kill)), mock.patch.object(vault_writer, "now", return_value=self.now):
            try:
                return action()
            except Killed:
                return None

    @rule(shelf=shelves, kept=images, kill=kills)
    def back_up(self, shelf: str, kept: dict[int, bytes], kill: int) -> None:
        self.number += 1
        run = self.do(kill, lambda: back_up(self.vault, self.vault.shelf(shelf), kept, self.number))
        if run is not None:
            self.runs[shelf, run.listed] = run

    @rule(last=st.integers(1, 3), kill=kills)
    def forget(self, last: int, kill: int) -> None:
        found = [self.vault.shelf(name) for name in self.vault.shelf_names()]
        newest = [(shelf, shelf.newest_complete()) for shelf in found]
        late = datetime(9000, 1, 1, tzinfo=timezone.utc)
        self.do(kill, lambda: forget(judge_shelves(found, KeepRules(last=last), late)))
        for shelf, run in newest:
            assert shelf.newest_complete() == run
        there = {(shelf.name, time) for shelf in found for time in shelf.run_times()}
        self.runs = {key: run for key, run in self.runs.items() if key in there}

    @rule(days=st.integers(0, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(days=st.integers(0, 10), kill=kills)
    def prune(self, days: int, kill: int) -> None:
        self.wait(days)
        before, week_ago = self.contents(), self.now - timedelta(days=7)
        self.do(kill, lambda: prune(self.vault, plan_removal(self.vault, 3600, self.now, force=True)))
        after = self.contents()
        for name in before.keys() - after.keys():
            assert before[name], f"{name} was deleted without having been in unreferenced"
            assert max(before[name]) < week_ago.date().isoformat(), f"{name} was deleted too early"
        for name in [name for name, dates in after.items() if dates and not before[name]]:
            written = (self.vault.paths.unreferenced / after[name][0] / name).stat().st_mtime
            assert written < week_ago.timestamp(), f"{name} was moved although it is new"

    @rule(content=st.sampled_from(CONTENTS), days=st.integers(0, 20), kill=kills)
    def prune_while_a_backup_needs_content(self, content: bytes, days: int, kill: int) -> None:
        key = ContentKey(sha512(content), len(content))
        with VaultWriter(self.vault) as writer:
            writer.pin((key.sha512,))
            if not writer.hold(key):
                store(writer, content)
            self.prune(days, kill)
            assert self.vault.paths.content_file(key.sha512).is_file()

    def contents(self) -> dict[str, list[str]]:
        """The dates under which contents are in ``unreferenced``; none for those in their usual place."""
        found: dict[str, list[str]] = {}
        for beginning in self.vault.content_beginnings():
            for path in self.vault.content_files(beginning):
                dates = found.setdefault(path.name, [])
                if path.parent.parent == self.vault.paths.unreferenced:
                    dates.append(path.parent.name)
        return found

    @precondition(lambda self: self.runs)
    @rule(content=st.sampled_from(CONTENTS), kill=kills)
    def damage_verify_and_bring_back(self, content: bytes, kill: int) -> None:
        path = self.vault.find(ContentKey(sha512(content), len(content)))
        if path is None:
            return
        path.write_bytes(content[::-1])
        listeners = VerifyListeners(ignore, ignore, ignore, ignore, ignore)
        self.do(kill, lambda: verify(self.vault, VerifyOptions(), listeners, lambda: self.now))
        verify(self.vault, VerifyOptions(), listeners, lambda: self.now)
        self.number += 1
        run = back_up(self.vault, self.vault.shelf("Burgos"), {1: content}, self.number)
        self.runs["Burgos", run.listed] = run

    @invariant()
    def each_run_has_its_records_and_each_record_its_bytes(self) -> None:
        assert faults(self.vault) == []

    @invariant()
    def each_run_that_was_not_forgotten_says_what_it_said(self) -> None:
        for (name, listed), run in self.runs.items():
            shelf = self.vault.shelf(name)
            assert shelf.run(listed) == run
            for image in run.images:
                assert shelf.record(image.id, image.record).content == image.content


TestVaultStates = VaultMachine.TestCase
TestVaultStates.settings = settings(stateful_step_count=25, deadline=None)
