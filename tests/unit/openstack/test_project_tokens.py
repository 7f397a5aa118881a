"""The tokens of the account: which credentials serve, for which projects it gets tokens, and what the clocks say."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from fiwareglancesync.base.errors import ConfigError, Unauthorized, Unreachable
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.openstack.project_tokens import NoAccess, ProjectTokens
from fiwareglancesync.openstack.refusals import Waits
from tests.support.hasty_backups import HASTY
from tests.support.stand_ins.cloud_stand_in import CloudStandIn

SIGN_IN = "POST /identity/v3/auth/tokens"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def tokens(cloud: CloudStandIn, clock: Clock | None = None, auth_type: str = "") -> ProjectTokens:
    """The tokens of the account."""
    tuning = replace(HASTY, clock=clock) if clock else HASTY
    return ProjectTokens(replace(cloud.credential(), auth_type=auth_type), tuning, Waits())


@pytest.mark.parametrize(
    ("credential", "problem"),
    [
        (Credential(application_credential_id="x", application_credential_secret="y"), "an application credential"),
        (Credential(auth_type="v3applicationcredential"), "an application credential"),
        (Credential(auth_type="v3token", password="x"), "auth_type v3token"),
        (Credential(auth_type="v3oidcaccesstoken"), "auth_type v3oidcaccesstoken"),
    ],
)
def test_a_credential_that_is_bound_to_one_project_is_refused(credential: Credential, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        ProjectTokens(credential, HASTY, Waits())
    assert caught.value.exit_code == 2
    assert "write its user and password (OS_USERNAME, OS_PASSWORD) and a project of its own" in str(caught.value)


@pytest.mark.parametrize("auth_type", ["password", "v3password"])
def test_a_password_may_be_named_as_the_type(cloud: CloudStandIn, auth_type: str) -> None:
    made = tokens(cloud, auth_type=auth_type)
    assert made.account().project_id == cloud.account_project
    assert made.of(cloud.tenant).access().project == cloud.tenant


def test_the_account_has_a_user_and_a_project(cloud: CloudStandIn) -> None:
    account = tokens(cloud).account()
    assert (account.user_id, account.user_name) == (cloud.account, "backups")
    assert (account.project_id, account.project_name) == (cloud.account_project, "backups")


def test_a_token_is_for_its_project_and_is_kept(cloud: CloudStandIn) -> None:
    made = tokens(cloud)
    first = made.of(cloud.tenant).access()
    assert (first.project, first.user) == (cloud.tenant, cloud.account)
    assert made.of(cloud.tenant).access() is first
    assert made.of(cloud.account_project) is made.own
    assert len(cloud.http.lines(SIGN_IN)) == 2


def test_a_token_is_renewed_before_it_ends(cloud: CloudStandIn) -> None:
    clock = Clock()
    made = tokens(cloud, clock)
    first = made.of(cloud.tenant).access()
    clock.seconds += 3600 - 60
    assert made.of(cloud.tenant).access().token != first.token


def test_a_refusal_is_new_once_and_not_requested_again_at_once(cloud: CloudStandIn) -> None:
    clock = Clock()
    made = tokens(cloud, clock)
    cloud.state.projects[cloud.tenant].enabled = False
    made.account()
    before = len(cloud.http.lines(SIGN_IN))
    for is_new in (True, False, False):
        with pytest.raises(NoAccess, match="it is disabled or deleted, or the account has no role in it") as caught:
            made.of(cloud.tenant).access()
        assert (caught.value.project, caught.value.is_new) == (cloud.tenant, is_new)
    assert len(cloud.http.lines(SIGN_IN)) == before + 1
    clock.seconds += 301
    with pytest.raises(NoAccess) as caught:
        made.of(cloud.tenant).access()
    assert not caught.value.is_new
    cloud.state.projects[cloud.tenant].enabled = True
    clock.seconds += 301
    assert made.of(cloud.tenant).access().project == cloud.tenant
    cloud.state.projects[cloud.tenant].enabled = False
    made.of(cloud.tenant).reject(made.of(cloud.tenant).access())
    with pytest.raises(NoAccess) as caught:
        made.of(cloud.tenant).access()
    assert caught.value.is_new, "there was access in between"


def test_a_changed_password_is_a_problem_of_the_account_and_of_no_project(cloud: CloudStandIn) -> None:
    clock = Clock()
    made = tokens(cloud, clock)
    made.account()
    cloud.state.users[cloud.account].password = "changed"
    clock.seconds += 61
    with pytest.raises(Unauthorized, match="refused the credential of user backups"):
        made.of(cloud.tenant).access()


def test_a_keystone_that_does_not_answer_is_no_refusal(cloud: CloudStandIn) -> None:
    made = tokens(cloud)
    made.account()
    cloud.fail(SIGN_IN, 0, times=99)
    with pytest.raises(Unreachable):
        made.of(cloud.tenant).access()


def test_the_tokens_of_many_projects_are_not_all_kept(cloud: CloudStandIn) -> None:
    made = tokens(cloud)
    first = made.of("a" * 32)
    assert made.of("a" * 32) is first
    for number in range(256):
        made.of(f"{number + 10:032x}")
    assert made.of("a" * 32) is not first


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_the_difference_of_the_clocks_is_measured(cloud: CloudStandIn, minutes: int) -> None:
    cloud.keystone.clock_ahead = timedelta(minutes=minutes)
    assert tokens(cloud).clock_difference() == pytest.approx(-60 * minutes, abs=60)


def test_a_clock_that_is_set_after_the_sign_in_shows(cloud: CloudStandIn) -> None:
    wall = Clock()
    wall.seconds = time.time()
    made = ProjectTokens(cloud.credential(), HASTY, Waits(), wall)
    assert made.clock_difference() == pytest.approx(0, abs=60)
    wall.seconds += 400
    assert made.clock_difference() == pytest.approx(400, abs=60)


def test_time_that_passes_makes_no_difference(cloud: CloudStandIn) -> None:
    wall, steady = Clock(), Clock()
    wall.seconds = time.time()
    made = ProjectTokens(cloud.credential(), replace(HASTY, clock=steady), Waits(), wall)
    made.account()
    for clock in (wall, steady):
        clock.seconds += 1800
    assert made.clock_difference() == pytest.approx(0, abs=60)
