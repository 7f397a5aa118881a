"""A proxy of the environment is named where an error may be its own."""

from __future__ import annotations

import pytest

from fiwareglancesync.openstack.failures import FAILURES, from_exception, through_proxy
from fiwareglancesync.openstack.transport import Transport
from fiwareglancesync.openstack.tuning import Tuning
from tests.support.scripted_server import ScriptedServer

KEYSTONE = "http://keystone.example.com:5000/v3"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a proxy that is not there, in the environment with a user and a password."""
    dead = ScriptedServer()
    with dead.running():
        pass
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", dead.url.replace("http://", "http://carla:s3cret@"))
    return dead.url


def test_it_is_named_without_its_password(proxy: str) -> None:
    assert through_proxy(KEYSTONE) == f" (through the proxy {proxy}, see http_proxy, https_proxy and no_proxy)"


def test_where_it_is_not_used_it_is_not_named(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert through_proxy(KEYSTONE.replace("http://", "https://")) == ""
    monkeypatch.setenv("no_proxy", ".example.com")
    assert through_proxy(KEYSTONE) == ""
    assert through_proxy("http://[") == ""


def test_that_it_does_not_answer_is_not_said_of_the_service(proxy: str) -> None:
    with pytest.raises(FAILURES) as caught:
        Transport("", False, Tuning(connect=2.0, control=2.0), None).send("GET", KEYSTONE, headers={})
    assert str(from_exception(caught.value, "Keystone", KEYSTONE)) == (
        f"Keystone at {KEYSTONE} (through the proxy {proxy}, see http_proxy, https_proxy and no_proxy): "
        "the proxy does not pass the request on (Connection refused)"
    )
