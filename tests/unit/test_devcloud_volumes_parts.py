"""The parts of the development cloud's volumes, without a server of theirs."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from devcloud_lib import identity, lifecycle, ports, processes, servers, state, topology
from devcloud_lib.cli import main
from devcloud_lib.errors import CloudError
from devcloud_lib.http import Client
from devcloud_lib.launch import SERVER_SIDE
from devcloud_lib.volumes import amqp, mariadb_server, runtime_folder, volume_install
from devcloud_lib.volumes.server_table import APIS, CATALOG, SERVERS, WITHOUT_OPTIONS
from devcloud_lib.volumes.volume_config import config_files
from devcloud_lib.volumes.volume_launch import launch
from devcloud_lib.volumes.volume_reset import KEPT_TABLES
from workbench import debian

from tests.support.conditions import wait_for

OPENSTACK = [name for name in SERVERS if name not in WITHOUT_OPTIONS]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runtime folders are made, instead of the machine's memory."""
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(runtime_folder, "MEMORY", memory)
    monkeypatch.setattr(runtime_folder, "DISK", tmp_path)
    monkeypatch.setattr(runtime_folder, "NEEDED_BYTES", 0)
    return memory


@pytest.fixture
def cloud(tmp_path: Path, places: Path) -> state.Cloud:
    """A cloud with volumes that exists on paper only."""
    folder = tmp_path / "a cloud of $HOME"
    folder.mkdir()
    made = state.new_cloud(folder, folder / "venv")
    made.add_volumes()
    for number, service in enumerate(made.services.values(), 20000):
        service.port = number if service.has_port else 0
    return made


class TestTable:
    def test_what_a_server_needs_starts_before_it(self) -> None:
        order = [*topology.service_names(), *SERVERS]
        for name, spec in SERVERS.items():
            assert all(order.index(needed) < order.index(name) for needed in spec.needs)

    def test_everything_that_is_named_is_a_server(self) -> None:
        assert {*CATALOG.values(), *APIS, *WITHOUT_OPTIONS} <= SERVERS.keys()
        assert set(CATALOG) <= identity.NAMES.keys()

    def test_a_server_has_a_port_or_a_queue(self) -> None:
        assert [name for name, spec in SERVERS.items() if spec.has_port == bool(spec.queue)] == []

    def test_each_database_keeps_what_belongs_to_its_schema(self) -> None:
        assert KEPT_TABLES.keys() == set(mariadb_server.DATABASES)
        assert all("alembic_version" in kept for kept in KEPT_TABLES.values())


class TestState:
    def test_it_survives_writing_and_reading(self, cloud: state.Cloud) -> None:
        cloud.services["rabbitmq"].second_port = 5
        cloud.services["cinder-api"].processes = 4
        cloud.services["cinder-api"].policy = "{}"
        cloud.services["cinder-backup"].overrides = {"DEFAULT.debug": "true"}
        cloud.accounts[topology.VOLUMES_KEYSTONE]["demo"] = state.new_account(topology.SEED_ACCOUNTS["demo"])
        cloud.save()
        assert state.load(cloud.folder) == cloud

    def test_a_cloud_of_a_version_without_volumes_is_read(self, tmp_path: Path) -> None:
        state.new_cloud(tmp_path, tmp_path / "venv").save()
        path = tmp_path / state.STATE_FILE
        description = json.loads(path.read_text(encoding="utf-8"))
        del description["volumes"]
        path.write_text(json.dumps(description), encoding="utf-8")
        assert not state.load(tmp_path).has_volumes

    def test_passwords_stay_out_of_what_a_traceback_shows(self, cloud: state.Cloud) -> None:
        assert cloud.database_password not in repr(cloud)
        assert cloud.queue_password not in repr(cloud)

    def test_ports_are_for_what_listens(self, cloud: state.Cloud) -> None:
        for service in cloud.volume_servers():
            service.port = 0
            servers.keep_or_choose_port(cloud, service)
            assert bool(service.port) == service.has_port
        assert cloud.services["rabbitmq"].second_port not in (0, cloud.services["rabbitmq"].port)


class TestConfiguration:
    @pytest.mark.parametrize("name", OPENSTACK)
    def test_an_override_is_in_the_file_of_its_server(self, cloud: state.Cloud, name: str) -> None:
        cloud.services[name].overrides = {"DEFAULT.some_option": "17"}
        texts = "".join(config_files(cloud, cloud.services[name]).values())
        assert "some_option = 17\n" in texts

    @pytest.mark.parametrize("name", OPENSTACK)
    def test_a_dollar_sign_of_a_path_is_not_taken_for_an_option(self, cloud: state.Cloud, name: str) -> None:
        for text in config_files(cloud, cloud.services[name]).values():
            assert "$HOME" not in text.replace("$$HOME", "")

    def test_nova_compute_has_no_access_to_the_databases(self, cloud: state.Cloud) -> None:
        def knows(name: str) -> bool:
            return cloud.database_password in "".join(config_files(cloud, cloud.services[name]).values())

        assert [name for name in OPENSTACK if not knows(name)] == ["nova-compute"]

    def test_a_policy_is_a_file_of_its_own(self, cloud: state.Cloud) -> None:
        cloud.services["cinder-api"].policy = "a: b\n"
        files = config_files(cloud, cloud.services["cinder-api"])
        assert files[cloud.services["cinder-api"].conf_dir / "policy.yaml"] == "a: b\n"

    @pytest.mark.parametrize("change", [{"processes": 4}, {"policy": "a: b"}, {"overrides": {"a.b": "c"}}])
    def test_a_change_is_a_reason_to_start_anew(self, cloud: state.Cloud, change: dict[str, object]) -> None:
        service = cloud.services["cinder-api"]
        before = launch(cloud, service).fingerprint
        for name, value in change.items():
            setattr(service, name, value)
        assert service.is_changed
        assert launch(cloud, service).fingerprint != before
        service.use_standard()
        assert launch(cloud, service).fingerprint == before

    def test_the_environment_of_the_caller_is_no_such_reason(
        self, cloud: state.Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = launch(cloud, cloud.services["nova-api"]).fingerprint
        monkeypatch.setenv("PATH", "/elsewhere")
        assert launch(cloud, cloud.services["nova-api"]).fingerprint == before

    def test_only_several_processes_need_a_master(self, cloud: state.Cloud) -> None:
        service = cloud.services["cinder-api"]
        assert "--master" not in launch(cloud, service).command
        service.processes = 4
        assert {"--master", "4"} <= set(launch(cloud, service).command)

    def test_two_clouds_have_different_names_for_rabbitmq(self, cloud: state.Cloud, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other = state.new_cloud(tmp_path / "other", cloud.venv)
        other.add_volumes()
        names = {launch(each, each.services["rabbitmq"]).environment["RABBITMQ_NODENAME"] for each in (cloud, other)}
        assert len(names) == 2

    def test_the_volumes_are_in_the_catalog_of_their_region_alone(self, cloud: state.Cloud) -> None:
        wanted = identity._endpoints(cloud, cloud.services[topology.VOLUMES_KEYSTONE])
        assert {region for kind, region in wanted if kind in CATALOG} == {topology.VOLUMES_REGION}
        assert identity._endpoints(cloud, cloud.services["keystone-b"]).keys() == {
            ("identity", "Madrid"), ("image", "Madrid")}


class TestRuntimeFolder:
    def test_the_data_waits_in_the_folder_of_the_cloud(self, cloud: state.Cloud, places: Path) -> None:
        runtime = runtime_folder.path_of(cloud.folder)
        assert runtime.parent == places
        runtime_folder.make(runtime)
        (runtime / runtime_folder.DATA).mkdir()
        (runtime / runtime_folder.DATA / "table").write_text("rows", encoding="ascii")
        runtime_folder.give_back(cloud)
        assert not runtime.exists()
        assert runtime_folder.fetch_data(cloud)
        assert (runtime / runtime_folder.DATA / "table").read_text(encoding="ascii") == "rows"
        assert [path.name for path in cloud.services["mariadb"].folder.iterdir()] == []

    def test_a_cloud_whose_memory_is_gone_has_no_data(self, cloud: state.Cloud) -> None:
        assert not runtime_folder.fetch_data(cloud)

    def test_without_room_in_memory_it_is_on_disk_and_stays_there(
        self, cloud: state.Cloud, places: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runtime_folder, "NEEDED_BYTES", 2**62)
        runtime = runtime_folder.path_of(cloud.folder)
        assert runtime.parent == places.parent
        runtime_folder.make(runtime)
        monkeypatch.setattr(runtime_folder, "NEEDED_BYTES", 0)
        assert runtime_folder.path_of(cloud.folder) == runtime

    def test_what_another_user_could_have_made_is_refused(self, cloud: state.Cloud, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        runtime_folder.path_of(cloud.folder).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(CloudError, match="belongs to another user"):
            runtime_folder.make(runtime_folder.path_of(cloud.folder))


class TestQueue:
    @pytest.mark.parametrize("count", [0, 3])
    def test_its_consumers_are_counted(self, count: int) -> None:
        declared = method(50, 11, b"\x05queue" + struct.pack(">II", 7, count))
        with broker(declared) as port:
            assert amqp.consumers(port, "user", "word", "queue") == count

    def test_one_that_is_not_there_has_none(self) -> None:
        with broker(method(20, 40, struct.pack(">H", 404))) as port:
            assert amqp.consumers(port, "user", "word", "queue") == 0

    def test_without_a_server_there_are_none(self) -> None:
        port = ports.choose(())
        assert not amqp.is_ready(port)
        assert amqp.consumers(port, "user", "word", "queue") == 0


class TestStandIns:
    def test_sudo_runs_the_command_of_the_wrapper(self) -> None:
        words = [str(SERVER_SIDE / "bin" / "sudo"), "cinder-rootwrap", "/a/b.conf", "printf", "%s|", "a b", "$c"]
        assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "a b|$c|"

    def test_mount_succeeds(self) -> None:
        for name in ("mount", "mount.nfs"):
            assert subprocess.run([str(SERVER_SIDE / "bin" / name), "a", "b"], check=False).returncode == 0

    def test_the_listings_of_networks_are_empty(self, tmp_path: Path) -> None:
        port = ports.choose(())
        command = [sys.executable, str(SERVER_SIDE / "neutron_standin.py"), str(port)]
        process = processes.spawn(command, folder=tmp_path, log=tmp_path / "log", environment=dict(os.environ))
        try:
            wait_for(lambda: answers(port), "the server")
            assert Client(port).call("GET", "/v2.0/security-groups?a=b").json() == {"security_groups": []}
            assert Client(port).call("GET", "/").json()["versions"][0]["id"] == "v2.0"
        finally:
            processes.end([process])


class TestRefusals:
    def test_missing_programs_of_debian_are_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        absent = [debian.holder("mariadbd"), debian.holder("rabbitmq-server")]
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(debian, "provide", lambda *parts, say: absent)
        with pytest.raises(CloudError) as refused:
            volume_install.install_volumes(tmp_path / "venv", print)
        assert str(refused.value).endswith(" mariadb-server-core rabbitmq-server")
        assert not (tmp_path / "venv").exists()

    def test_an_ordinary_user_reads_that_they_need_root(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(CloudError, match="the volumes need root"):
            volume_install.install_volumes(tmp_path / "venv", print)

    @pytest.mark.parametrize("name", ["cinder-volume", "Spain", "rabbitmq"])
    def test_processes_are_for_the_apis(self, cloud: state.Cloud, name: str) -> None:
        with pytest.raises(CloudError, match="neither --processes nor --policy; cinder-api, nova-api, placement do"):
            lifecycle.restart(cloud, name, {}, print, processes=2)

    def test_a_policy_has_to_be_a_text(
        self, cloud: state.Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.save()
        (tmp_path / "empty").touch()
        call = ["--dir", str(cloud.folder), "restart", "cinder-api", "--policy"]
        assert main([*call, str(tmp_path / "none")]) == 1
        assert main([*call, str(tmp_path / "empty")]) == 1
        first, second = capsys.readouterr().err.splitlines()
        assert first.startswith(f"ERROR: cannot read the policy file {tmp_path / 'none'}: ")
        assert second.startswith(f"ERROR: the policy file {tmp_path / 'empty'} is empty")

    @pytest.mark.parametrize("word", ["0", "-1", "many", ""])
    def test_a_number_of_processes_is_a_number(self, word: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["restart", "cinder-api", f"--processes={word}"])
        assert "is not a number from 1 on" in capsys.readouterr().err

    def test_a_cloud_without_volumes_is_not_seeded_with_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        state.new_cloud(tmp_path, tmp_path / "venv").save()
        monkeypatch.setattr("devcloud_lib.cli.remove_new", lambda cloud: None)
        monkeypatch.setattr("devcloud_lib.cli.seed", lambda cloud, say: None)
        assert main(["--dir", str(tmp_path), "seed", "--with", "volumes"]) == 1
        assert capsys.readouterr().err == (
            "ERROR: this cloud has no volumes; add them with: scripts/devcloud up --with volumes\n")

    def test_an_account_that_is_not_there_yet_is_named(
        self, cloud: state.Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.save()
        assert main(["--dir", str(cloud.folder), "env", "--account", "demo"]) == 1
        assert capsys.readouterr().err == "ERROR: this cloud has no account demo; seed --with volumes makes it\n"


def test_the_environment_names_the_domain_and_the_versions(
    cloud: state.Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.accounts[topology.VOLUMES_KEYSTONE]["demo"] = state.new_account(topology.SEED_ACCOUNTS["demo"])
    cloud.save()
    assert main(["--dir", str(cloud.folder), "env", "--account", "demo"]) == 0
    printed = capsys.readouterr().out
    assert {"export OS_PROJECT_DOMAIN_NAME=demo", "export OS_USER_DOMAIN_NAME=demo"} <= set(printed.splitlines())
    assert "OS_VOLUME_API_VERSION" in printed


def test_a_killed_process_cannot_finish_anything(tmp_path: Path) -> None:
    ready, finished = tmp_path / "ready", tmp_path / "finished"
    script = f"trap 'touch {finished}' TERM; touch {ready}; while :; do sleep 60; done"
    process = processes.spawn(["sh", "-c", script], folder=tmp_path, log=tmp_path / "log", environment=dict(os.environ))
    wait_for(ready.exists, "the process")
    processes.end([process], gently=False)
    assert not process.is_alive()
    assert not finished.exists()


def test_what_a_process_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"(trap '' TERM; touch {ready}; while :; do sleep 60; done) & wait"
    process = processes.spawn(["sh", "-c", script], folder=tmp_path, log=tmp_path / "log", environment=dict(os.environ))
    wait_for(ready.exists, "the process")
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)
    assert (process.is_alive(), process.has_group()) == (False, True)
    processes.end([process], gently=False)
    assert not process.has_group()


def method(class_id: int, method_id: int, arguments: bytes = b"") -> bytes:
    """A frame of AMQP."""
    payload = struct.pack(">HH", class_id, method_id) + arguments
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


@contextmanager
def broker(answer: bytes) -> Iterator[int]:
    """A server that speaks AMQP up to the question about a queue; its port.

    :param answer: the frame that answers it
    """
    frames = [
        method(10, 10),
        method(10, 30, struct.pack(">HIH", 100, 131072, 60)),
        method(10, 41) + method(20, 11) + answer,
    ]

    def serve() -> None:
        connection = listener.accept()[0]
        with connection:
            for frame in frames:  # each answers what the client has sent
                connection.recv(4096)
                connection.sendall(frame)
            while connection.recv(4096):
                pass

    with socket.create_server((ports.HOST, 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


def answers(port: int) -> bool:
    """Whether a server answers."""
    try:
        return Client(port).try_call("GET", "/").status == 200
    except CloudError:
        return False
