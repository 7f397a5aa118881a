"""Who may delete a backup (volumes 5)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.policy_checks.policy_decision import ALLOWED, PROTECTED, UNDECIDED, BackupOwner, decide

ACCOUNT = "0a" * 16
MEMBER = "0b" * 16


def owner(user: str = MEMBER, **metadata: Any) -> BackupOwner:
    """A backup, by default a member's own."""
    return BackupOwner(user, metadata)


def test_a_backup_of_a_member_may_be_deleted() -> None:
    assert decide(owner(), is_recorded=False, account_id=ACCOUNT) == ALLOWED
    assert (ALLOWED.status, ALLOWED.text) == (200, "True")


def test_a_recorded_backup_may_not_whatever_is_said_of_it() -> None:
    for found, account in product((owner(), owner(ACCOUNT), None), (ACCOUNT, "")):
        assert decide(found, is_recorded=True, account_id=account) == PROTECTED
    assert (PROTECTED.status, PROTECTED.text) == (401, "False")


def test_a_backup_that_the_account_made_may_not_though_it_is_not_recorded_and_has_no_mark() -> None:
    assert decide(owner(ACCOUNT), is_recorded=False, account_id=ACCOUNT) == PROTECTED


@pytest.mark.parametrize("value", ["True", "true", " TRUE ", "yes", "on", "1", "maybe", "2", "nein", True, None, 0, []])
def test_a_marked_backup_of_another_installation_may_not(value: object) -> None:
    marked = owner(__automated_backup=value)
    assert decide(marked, is_recorded=False, account_id=ACCOUNT) == PROTECTED
    assert decide(marked, is_recorded=False, account_id="") == PROTECTED


@pytest.mark.parametrize("value", ["False", "no", " OFF", "0", "", " ", False])
def test_a_mark_that_says_no_is_none(value: object) -> None:
    assert decide(owner(__automated_backup=value), is_recorded=False, account_id=ACCOUNT) == ALLOWED


def test_without_the_database_nothing_is_decided() -> None:
    for found in (owner(), owner(ACCOUNT), None):
        assert decide(found, is_recorded=None, account_id=ACCOUNT) == UNDECIDED
    assert (UNDECIDED.status, UNDECIDED.text) == (503, "unknown")


def test_a_backup_of_which_nothing_is_known_is_not_decided() -> None:
    assert decide(None, is_recorded=False, account_id=ACCOUNT) == UNDECIDED


def test_while_the_account_is_not_known_nothing_is_allowed() -> None:
    assert decide(owner(), is_recorded=False, account_id="") == UNDECIDED


words = st.sampled_from(["True", "False", "", "yes", "x", None, True, False])
owners = st.builds(
    BackupOwner,
    st.sampled_from([ACCOUNT, MEMBER, ""]),
    st.dictionaries(st.sampled_from(["__automated_backup", "a"]), words),
)


@given(st.none() | owners, st.sampled_from([True, False, None]), st.sampled_from([ACCOUNT, ""]))
def test_only_what_is_certainly_a_members_own_is_allowed(
    found: BackupOwner | None, is_recorded: bool | None, account: str
) -> None:
    answer = decide(found, is_recorded=is_recorded, account_id=account)
    certain = found is not None and not found.is_marked and account and found.user_id != account
    assert (answer == ALLOWED) == bool(is_recorded is False and certain)
    assert answer in (ALLOWED, PROTECTED, UNDECIDED)
