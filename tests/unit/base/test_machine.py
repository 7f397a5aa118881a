"""What is known about this machine."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.machine import is_loopback, this_boot, this_machine


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104 - only looked at
        ("", False),
        ("localhost.example.org", False),
    ],
)
def test_which_hosts_are_this_machine_alone(host: str, near: bool) -> None:
    assert is_loopback(host) is near


def test_a_boot_is_that_of_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_boot() == this_boot()
    assert this_boot().startswith(f"{this_machine()} ")
    assert len(this_boot()) <= len(this_machine()) + 40

    def fail(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", fail)
    assert this_boot() != this_boot()
