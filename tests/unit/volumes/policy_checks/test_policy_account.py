"""The id of the account is found beside the requests (volumes 5)."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from fiwareglancesync.base.errors import Unreachable
from fiwareglancesync.volumes.policy_checks.policy_account import AccountId
from tests.support.conditions import wait_for


def never() -> str:
    pytest.fail("signed in")


def test_a_stated_id_needs_no_keystone() -> None:
    assert AccountId("0a", never).find() == "0a"


def test_a_request_does_not_wait_for_keystone() -> None:
    answer, signed_in = Event(), []

    def sign_in() -> str:
        answer.wait()
        signed_in.append(1)
        return "0a"

    account = AccountId("", sign_in)
    assert [account.find() for _ in range(3)] == ["", "", ""]
    answer.set()
    assert wait_for(account.find, "the id") == "0a"
    assert [account.find() for _ in range(3)] == ["0a"] * 3
    assert signed_in == [1]


def test_signing_in_is_tried_until_it_succeeds_and_each_problem_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    outcomes = [Unreachable("Keystone: no answer")] * 7 + [KeyError("secret")]
    waits: list[float] = []

    def sign_in() -> str:
        if outcomes:
            raise outcomes.pop(0)
        return "0a"

    account = AccountId("", sign_in, waits.append)
    assert wait_for(account.find, "the id") == "0a"
    assert waits == [1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0, 30.0]
    unknown = "The id of the account is not known, so no deletion is allowed"
    expected = [f"{unknown}: Keystone: no answer", f"{unknown}: KeyError", "The id of the account is 0a"]
    wait_for(lambda: caplog.messages == expected, "the log")
