"""Requests that change something: sent once, whatever comes of it, and their outcome is a value (volumes 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import Unreachable
from fiwareglancesync.openstack.project_tokens import NoAccess
from fiwareglancesync.openstack.request_outcome import Accepted, Outcome, Refusal, Refused, Unknown
from fiwareglancesync.openstack.single_requests import do_not_check
from fiwareglancesync.volumes.backup_cloud import NewBackup, NewVolume
from tests.support.free_ports import free_port
from tests.support.hasty_backups import HASTY, region
from tests.support.stand_ins.cloud_stand_in import CloudStandIn

POST = "POST /volume/.*/backups"
OVER_LIMIT = {"overLimit": {"message": "Maximum number of backups allowed (3) exceeded", "retryAfter": "0"}}


@pytest.fixture
def volume(cloud: CloudStandIn) -> str:
    """A volume of the tenant."""
    return cloud.add_volume()


def create(cloud: CloudStandIn, volume: str, **details: Any) -> Outcome:
    """Request a backup."""
    return region(cloud, **details).create_backup(NewBackup(cloud.tenant, volume, "backup", False))


def said(outcome: Outcome, refusal: Refusal) -> str:
    """The service's words in a refusal."""
    assert isinstance(outcome, Refused), outcome
    assert outcome.refusal is refusal
    return outcome.text


def test_a_backup_is_requested_with_force_and_metadata(cloud: CloudStandIn, volume: str) -> None:
    cloud.add_backups(volume)
    backup = NewBackup(cloud.tenant, volume, "backup", True, {"glancesync_task": "a-task"})
    outcome = region(cloud).create_backup(backup)
    assert isinstance(outcome, Accepted)
    (sent,) = [asked for asked in cloud.http.requests if asked.method == "POST" and "backups" in asked.path]
    assert sent.document == {
        "backup": {
            "volume_id": volume,
            "name": "backup",
            "incremental": True,
            "force": True,
            "metadata": {"glancesync_task": "a-task"},
        }
    }
    assert sent.path == f"/volume/v3/{cloud.tenant}/backups"
    made = cloud.state.backups[outcome.id]
    assert (made.project_id, made.user_id) == (cloud.tenant, cloud.account)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_failure_behind_the_service_leaves_it_open(cloud: CloudStandIn, volume: str, status: int) -> None:
    cloud.fail(POST, status, times=99, headers={"Retry-After": "1"})
    outcome = create(cloud, volume)
    assert isinstance(outcome, Unknown)
    assert str(status) in outcome.text
    assert len(cloud.http.lines(POST)) == 1


def test_a_connection_that_breaks_leaves_it_open(cloud: CloudStandIn, volume: str) -> None:
    cloud.fail(POST, 0, is_done=True, times=99)
    outcome = create(cloud, volume)
    assert isinstance(outcome, Unknown)
    assert "closed the connection" in outcome.text
    assert len(cloud.http.lines(POST)) == len(cloud.state.backups) == 1


def test_an_answer_that_takes_too_long_leaves_it_open(cloud: CloudStandIn, volume: str) -> None:
    cloud.fail(POST, -1, is_done=True, times=99)
    outcome = create(cloud, volume, tuning=replace(HASTY, control=2.0))
    assert isinstance(outcome, Unknown)
    assert "did not answer in time" in outcome.text
    assert len(cloud.http.lines(POST)) == len(cloud.state.backups) == 1


@pytest.mark.parametrize("document", [None, [], {}, {"backup": None}, {"backup": {"id": 7}}])
def test_an_answer_without_an_id_leaves_it_open(cloud: CloudStandIn, volume: str, document: object) -> None:
    cloud.fail(POST, 202, document=document)
    assert create(cloud, volume) == Unknown("malformed answer: no id of what was made")


@pytest.mark.parametrize(
    ("status", "document", "refusal"),
    [
        (
            400,
            {"badRequest": {"message": "Invalid backup: No backups available to do an incremental backup."}},
            Refusal.NO_PARENT,
        ),
        (400, {"badRequest": {"message": 'Invalid volume: the current status is "deleting".'}}, Refusal.REJECTED),
        (409, {"conflictingRequest": {"message": "in use"}}, Refusal.REJECTED),
        (406, {"computeFault": {"message": "Version 3.56 is not supported by the API."}}, Refusal.REJECTED),
        (302, None, Refusal.REJECTED),
        (403, {"forbidden": {"message": "Policy doesn't allow backup:create to be performed."}}, Refusal.FORBIDDEN),
        (404, {"itemNotFound": {"message": "Volume x could not be found."}}, Refusal.NOT_FOUND),
        (413, OVER_LIMIT, Refusal.QUOTA),
        (413, {"overLimit": {"message": "This request was rate-limited.", "retryAfter": "30"}}, Refusal.FOR_NOW),
        (429, None, Refusal.FOR_NOW),
    ],
)
def test_a_refusal_has_its_reason_and_is_not_repeated(
    cloud: CloudStandIn, volume: str, status: int, document: Any, refusal: Refusal
) -> None:
    cloud.fail(POST, status, times=99, document=document)
    text = said(create(cloud, volume), refusal)
    if document:
        assert next(iter(document.values()))["message"].rstrip(".") in text
    assert len(cloud.http.lines(POST)) == 1
    assert cloud.state.backups == {}


def test_a_token_that_is_refused_is_renewed_for_the_next_request(cloud: CloudStandIn, volume: str) -> None:
    backups = region(cloud)
    cloud.fail(POST, 401)
    backup = NewBackup(cloud.tenant, volume, "backup", False)
    said(backups.create_backup(backup), Refusal.UNAUTHORIZED)
    assert len(cloud.http.lines(POST)) == 1
    assert isinstance(backups.create_backup(backup), Accepted)
    assert len({asked.headers["x-auth-token"] for asked in cloud.http.requests if "backups" in asked.path}) == 2


def test_without_a_token_nothing_is_sent(cloud: CloudStandIn, volume: str) -> None:
    cloud.state.projects[cloud.tenant].enabled = False
    with pytest.raises(NoAccess):
        create(cloud, volume)
    assert cloud.http.lines(POST) == []


def test_without_a_connection_nothing_is_sent(
    cloud: CloudStandIn, volume: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints = {"block-storage": f"http://127.0.0.1:{free_port()}/volume/v3/%(project)s"}
    monkeypatch.setattr(cloud.keystone, "_endpoints", lambda: endpoints)
    with pytest.raises(Unreachable, match="connection refused"):
        create(cloud, volume)


class LeaseLost(Exception):
    """What prevents a request in these tests."""


def _prevent(send: Callable[[Callable[[], None]], Outcome]) -> None:
    """Have the check before a request raise an error."""

    def check() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        send(check)


def test_the_check_comes_after_the_sign_in(cloud: CloudStandIn, volume: str) -> None:
    requests: list[list[str]] = []
    backup = NewBackup(cloud.tenant, volume, "backup", False)
    region(cloud).create_backup(backup, check=lambda: requests.append(cloud.http.lines("")))
    assert len(requests) == 1
    assert requests[0] == ["POST /identity/v3/auth/tokens"] * 2
    assert cloud.http.lines("")[2:] == [f"POST /volume/v3/{cloud.tenant}/backups"]


def test_a_request_has_ended_after_a_stated_time(cloud: CloudStandIn) -> None:
    assert region(cloud, tuning=replace(HASTY, connect=3.0, control=40.0)).request_seconds == 43.0


@pytest.mark.parametrize(
    ("request_of", "line"),
    [
        (lambda cloud, tenant, check: cloud.delete_backup(tenant, "x", check=check), "DELETE /volume/.*/backups/x"),
        (lambda cloud, tenant, check: cloud.set_server_metadata(tenant, "x", "a", "b", check=check), "POST .*/x/meta"),
        (lambda cloud, tenant, check: cloud.restore("x", "y", check=check), "POST /volume/.*/backups/x/restore"),
        (lambda cloud, tenant, check: cloud.create_volume(NewVolume("drill", 1), check=check), "POST .*/volumes"),
        (lambda cloud, tenant, check: cloud.delete_volume("x", check=check), "DELETE /volume/.*/volumes/x"),
        (
            lambda cloud, tenant, check: cloud.create_backup(NewBackup(tenant, "v", "n", False), check=check),
            "POST /volume/.*/backups",
        ),
    ],
)
def test_every_change_is_requested_once(cloud: CloudStandIn, request_of: Any, line: str) -> None:
    backups = region(cloud)
    _prevent(lambda check: request_of(backups, cloud.tenant, check))
    assert cloud.http.lines(line) == []
    for status in (503, 429, 401, 0):
        before = len(cloud.http.lines(line))
        cloud.fail(line, status)
        outcome = request_of(backups, cloud.tenant, do_not_check)
        assert isinstance(outcome, Refused if status in (401, 429) else Unknown)
        assert len(cloud.http.lines(line)) == before + 1
