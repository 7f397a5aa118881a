"""The policy server with real oslo.policy in a real Cinder (volumes 5): who can delete which backup, and when."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.cinder_policy import (
    ACCOUNT,
    ADMINISTRATOR,
    BUSY_SECONDS,
    MEMBER,
    READER,
    REMOTE_TIMEOUT_SECONDS,
    PolicedCinder,
    policed_cinder,
)
from tests.support.conditions import wait_for
from tests.support.mariadb import running_mariadb
from tests.support.policy import PROGRAM, RECORDED, record_backup

pytestmark = [pytest.mark.integration, pytest.mark.volumes]

MARKED = {"__automated_backup": "True"}
AT_ONCE, ALLOWED = 8, 2
"""Deletions at the same time, and how many of them are of a member's own backups."""

REFUSED = AT_ONCE - ALLOWED
CHANGED, DELETED, FORBIDDEN, FAILED = 200, 202, 403, 500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[str]:
    """A MariaDB of the test's own, with one record."""
    with running_mariadb(folder) as url:
        record_backup(url, RECORDED)
        yield url


@pytest.fixture(scope="module")
def cinder(folder: Path, database: str) -> Iterator[PolicedCinder]:
    """Cinder with the handbook's rules; no policy server runs yet."""
    with policed_cinder(folder, database) as made:
        yield made


@pytest.fixture(scope="class")
def quick_cinder(cinder: PolicedCinder) -> PolicedCinder:
    """Cinder with the time limit of the handbook."""
    cinder.restart_cinder(remote_timeout=REMOTE_TIMEOUT_SECONDS)
    return cinder


@pytest.fixture(scope="class")
def address(cinder: PolicedCinder) -> Iterator[str]:
    """The policy server."""
    with cinder.server() as made:
        yield made


@contextmanager
def stopped(database: str) -> Iterator[None]:
    """Have a database answer nobody meanwhile."""
    socket = Path(parse_qs(urlsplit(database).query)["unix_socket"][0])
    (file,) = (socket.parent / "data").glob("*.pid")
    process = int(file.read_text())
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.fixture(scope="module")
def own(cinder: PolicedCinder) -> str:
    """A backup of a member."""
    return cinder.backup(name="näm€ ☃", metadata={"a": "ü ☃"})


@pytest.fixture(scope="module")
def automated(cinder: PolicedCinder) -> str:
    """A backup that the account has made in the member's project."""
    return cinder.backup(ACCOUNT, metadata=MARKED)


@pytest.fixture(scope="module")
def recorded(cinder: PolicedCinder, database: str) -> str:
    """A backup that is in the database and has no other sign of it."""
    made = cinder.backup()
    record_backup(database, made)
    return made


@pytest.mark.usefixtures("address")
class TestWhoMayNotDelete:
    def test_a_member_cannot_delete_what_the_account_made(self, cinder: PolicedCinder, automated: str) -> None:
        assert cinder.delete(MEMBER, automated).status == FORBIDDEN

    def test_a_member_who_changes_the_metadata_first_still_cannot(self, cinder: PolicedCinder, automated: str) -> None:
        assert cinder.change(MEMBER, automated, metadata={}, name="mine") == FORBIDDEN
        # Not even when somebody else has removed the mark.
        assert cinder.change(ACCOUNT, automated, metadata={}) == CHANGED
        assert cinder.delete(MEMBER, automated).status == FORBIDDEN

    def test_a_member_cannot_delete_what_is_recorded(self, cinder: PolicedCinder, recorded: str) -> None:
        assert cinder.change(MEMBER, recorded, metadata={}) == CHANGED
        assert cinder.delete(MEMBER, recorded).status == FORBIDDEN

    def test_a_member_cannot_delete_what_is_marked(self, cinder: PolicedCinder, own: str) -> None:
        assert cinder.change(MEMBER, own, metadata=MARKED) == CHANGED
        assert cinder.delete(MEMBER, own).status == FORBIDDEN
        assert cinder.change(MEMBER, own, metadata={}) == CHANGED

    def test_a_reader_can_neither_delete_nor_change_a_backup(self, cinder: PolicedCinder, own: str) -> None:
        assert cinder.delete(READER, own).status == FORBIDDEN
        assert cinder.change(READER, own, name="x") == FORBIDDEN

    def test_a_request_without_a_body_is_decided_by_what_cinder_says(
        self, address: str, own: str, automated: str
    ) -> None:
        nowhere = RECORDED.replace("1", "2")
        for backup, expected in ((own, (200, "True")), (automated, (401, "False")), (nowhere, (503, "unknown"))):
            answer = requests.get(f"{address}/v1/backup?backup_id={backup}", timeout=180)
            assert (answer.status_code, answer.text) == expected


class TestFaults:
    def test_while_the_server_is_down_members_delete_nothing(
        self, cinder: PolicedCinder, own: str, automated: str
    ) -> None:
        assert cinder.delete(MEMBER, own).status == FAILED
        assert cinder.delete(MEMBER, automated).status == FORBIDDEN  # Cinder decides this by itself

    @pytest.mark.slow
    def test_a_server_that_does_not_answer_allows_nothing(self, quick_cinder: PolicedCinder, own: str) -> None:
        with quick_cinder.silent_server():
            assert quick_cinder.delete(MEMBER, own).status == FAILED

    @pytest.mark.slow
    def test_a_database_that_does_not_answer_costs_a_moment_and_allows_nothing(
        self, quick_cinder: PolicedCinder, database: str, own: str
    ) -> None:
        def is_answered_in_time() -> bool:
            """Cinder takes no answer within its time limit for a failure; a busy machine needs another attempt."""
            status = quick_cinder.delete(MEMBER, own).status
            assert status in (FORBIDDEN, FAILED)
            return status == FORBIDDEN

        with quick_cinder.server(PROGRAM) as address:
            with stopped(database):
                wait_for(is_answered_in_time, "a refusal")
                assert requests.get(f"{address}/v1/health", timeout=180).status_code == 503
            wait_for(lambda: requests.get(f"{address}/v1/health", timeout=180).ok, "the database")


class TestWhoMayDelete:
    """The last of those that are shared go here."""

    @pytest.mark.parametrize("processes", [1, pytest.param(4, marks=pytest.mark.slow)])
    def test_deletions_at_the_same_time_do_not_block_each_other(
        self, cinder: PolicedCinder, automated: str, processes: int
    ) -> None:
        cinder.restart_cinder(processes)
        own = [cinder.backup() for _ in range(ALLOWED)]
        with cinder.server():
            begun = time.monotonic()
            statuses = cinder.delete_at_once(MEMBER, [*own, *[automated] * REFUSED])
            assert time.monotonic() - begun < BUSY_SECONDS, "none has waited for a time limit"
        assert statuses == [DELETED] * ALLOWED + [FORBIDDEN] * REFUSED
        for backup in own:
            cinder.wait_until_gone(backup)

    def test_the_account_and_an_administrator_delete_what_is_protected_while_the_server_is_down(
        self, cinder: PolicedCinder, automated: str, recorded: str
    ) -> None:
        for who, backup in ((ACCOUNT, automated), (ADMINISTRATOR, recorded)):
            assert cinder.shown(backup) is not None
            assert cinder.delete(who, backup).status == DELETED
            cinder.wait_until_gone(backup)

    @pytest.mark.usefixtures("address")
    def test_a_member_deletes_an_own_backup(self, cinder: PolicedCinder, own: str) -> None:
        assert cinder.shown(own) is not None
        assert cinder.delete(MEMBER, own).status == DELETED
        cinder.wait_until_gone(own)
