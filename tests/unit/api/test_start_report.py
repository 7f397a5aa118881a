"""What the server prints when it serves: addresses, federation, authentication (sync 5.4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.api.server import checked_host
from fiwareglancesync.api.server_settings import Keystone, ServerSettings
from fiwareglancesync.api.start_report import start_report
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.serving.bound_address import BoundAddress
from fiwareglancesync.serving.start_error import StartError

SERVER = ServerSettings("127.0.0.1", 8888, 2, 8, 8, 30.0, database_folder=Path())
KEYSTONE = Keystone("https://carla:s3cret@keystone.example.org:5000/v3", password="s3cret", roles=("admin", "operator"))
SYNCHRONISATION = Settings(
    master_region="Spain",
    targets={"master": Target("master", credential=Credential(auth_url="https://u:s3cret@cloud.example.org/v3"))},
)
ALL_IPV4 = "0.0.0.0"  # noqa: S104 (nothing is bound)
EMBEDDED = {"GLANCESYNC_MOCKPERSISTENT_PATH": "/srv/federation"}


def report(
    *bound: BoundAddress, server: ServerSettings = SERVER, environ: dict[str, str] | None = None
) -> dict[str, str]:
    """The rows of the report by name."""
    lines = start_report("REST API", bound, server, SYNCHRONISATION, EMBEDDED if environ is None else environ)
    assert lines[0].startswith("GlanceSync ")
    assert not any("s3cret" in line for line in lines)
    return {name.strip(): text.strip() for name, _, text in (line.partition(": ") for line in lines[1:])}


def test_on_the_embedded_federation_nobody_is_authenticated() -> None:
    assert report(("127.0.0.1", 8888)) == {
        "Address": "http://127.0.0.1:8888/",
        "Documentation": "http://127.0.0.1:8888/docs",
        "Federation": "the embedded one in /srv/federation, master region Spain; OpenStack is not contacted",
        "Authentication": "none, as there are no Keystone settings; only requests from this machine are answered",
    }


def test_on_openstack_master_region_and_both_keystones_are_named() -> None:
    rows = report(("10.0.0.5", 80), server=replace(SERVER, keystone=KEYSTONE), environ={})
    assert rows["Federation"] == "master region Spain, Keystone https://cloud.example.org/v3"
    said = "tokens of Keystone https://keystone.example.org:5000/v3 with the role admin or operator"
    assert rows["Authentication"] == said


@pytest.mark.parametrize(
    ("bound", "address", "document"),
    [
        (("::1", 8888), "http://[::1]:8888/", "http://[::1]:8888/docs"),
        (("localhost", 80), "http://localhost:80/", "http://localhost:80/docs"),
        (
            (ALL_IPV4, 8888),
            "http://127.0.0.1:8888/ and port 8888 of every other IPv4 address of this machine",
            "http://127.0.0.1:8888/docs",
        ),
        (
            ("::", 8888),
            "http://[::1]:8888/ and port 8888 of every other address of this machine",
            "http://[::1]:8888/docs",
        ),
        (
            "/run/glance sync.sock",
            "unix:/run/glance sync.sock (curl --unix-socket '/run/glance sync.sock' http://localhost/)",
            "/docs there",
        ),
    ],
)
def test_each_kind_of_address_can_be_used_as_it_is_printed(bound: BoundAddress, address: str, document: str) -> None:
    rows = report(bound)
    assert (rows["Address"], rows["Documentation"]) == (address, document)


def test_the_address_that_users_know_is_printed_too() -> None:
    rows = report(("127.0.0.1", 8888), server=replace(SERVER, public_url="https://sync.example.org/api/"))
    assert rows["Public address"] == "https://sync.example.org/api/"
    assert rows["Documentation"] == "https://sync.example.org/api/docs"
    assert rows["Address"] == "http://127.0.0.1:8888/"


def test_without_keystone_settings_only_this_machine_is_served() -> None:
    for host in ("127.0.0.1", "::1", "localhost", "unix:/tmp/glancesync.sock"):
        assert checked_host(host, SERVER) == host
    for host in (ALL_IPV4, "::", "example.org", "unix:", "unixoid:/run/glancesync.sock"):
        with pytest.raises(StartError, match="serves on loopback only"):
            checked_host(host, SERVER)
    assert checked_host(ALL_IPV4, replace(SERVER, keystone=KEYSTONE)) == ALL_IPV4
