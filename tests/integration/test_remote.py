"""``glancesync remote`` against a server as it is served, on the embedded federation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from fiwareglancesync.main import main
from tests.support.free_ports import free_port
from tests.support.server import embedded_environment, gunicorn

Call = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over the example's federation."""
    folder = tmp_path_factory.mktemp("server")
    with gunicorn(embedded_environment(folder), folder, free_port()) as address:
        yield address


@pytest.fixture
def remote(server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command: exit code, and the lines of both outputs."""
    monkeypatch.setenv("GLANCESYNC_SERVER", server)
    monkeypatch.setattr("sys.argv", ["glancesync"])

    def call(*words: str) -> tuple[int, list[str], list[str]]:
        code = main(["remote", *words])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return call


def test_a_region_is_read_rehearsed_synchronised_and_read_again(remote: Call) -> None:
    assert "pending_upload,Burgos,orion-psb-image-R5.2" in remote("status", "Burgos")[1]
    code, out, _ = remote("sync", "Burgos", "--dry-run", "--watch")
    assert (code, out[-2]) == (0, "INFO:Burgos: MBs pending : 3886")
    code, out, _ = remote("sync", "Burgos", "--watch")
    assert code == 0
    assert out[1:-1] == [
        "INFO:Burgos: updating obsolete image base_centos_7_obsolete",
        "INFO:Burgos: Updating the metadata of image base_ubuntu_22.04",
        "INFO:Burgos: Replacing image base_debian_12 (412 MB)",
        "INFO:Burgos: Image uploaded.",
        "INFO:Burgos: Uploading image orion-psb-image-R5.2 (1264 MB)",
        "INFO:Burgos: Image uploaded.",
        "INFO:Burgos: Uploading image cosmos-hadoop-R5.2 (2210 MB)",
        "INFO:Burgos: Image uploaded.",
        "INFO:Burgos:   Total uploaded to region: 3886 (MB)",
    ]
    assert {line.partition(",")[0] for line in remote("status", "Burgos")[1]} == {"ok"}
    tasks = json.loads("".join(remote("tasks", "Burgos", "--format", "json")[1]))
    assert [(task["status"], task["dryRun"]) for task in tasks] == [("synced", False), ("synced", True)]
    assert remote("watch", "Burgos", tasks[0]["taskId"])[1] == out[1:]


def test_options_reach_the_task(remote: Call) -> None:
    words = ("--image", "base_ubuntu*", "--config", "rename=any", "only_tenant_images=yes")
    code, out, _ = remote("sync", "Caceres", *words, "--wait")
    assert (code, out[-1].endswith(" is synced")) == (0, True)
    assert remote("status", "Caceres", "--image", "base_ubuntu_22.04")[1] == ["ok,Caceres,base_ubuntu_22.04"]


def test_all_regions_are_asked_anew(remote: Call) -> None:
    code, out, err = remote("regions", "--refresh", "--format", "csv")
    assert (code, err) == (0, [])
    assert [line.partition(",")[0] for line in out] == ["Burgos", "Caceres", "Spain", "federation2:Madrid"]


@pytest.mark.parametrize(
    ("words", "ends", "says"),
    [
        (("status", "Nowhere"), 1, "Nowhere: unknown region; the regions of target master are: Burgos, Caceres, Spain"),
        (("sync", "Nowhere"), 1, "Nowhere: unknown region; the regions of target master are: Burgos, Caceres, Spain"),
        (("sync", "Burgos", "--config", "spool_dir=/"), 2, "Burgos: config.spool_dir: "),
        (("sync", "Burgos", "--config", "metadata_condition=1 +"), 2, "Burgos: [master] metadata_condition: "),
        (("watch", "Burgos", "nix"), 1, "Burgos: The region has no such task."),
        (("cancel", "Burgos", "nix"), 1, "Burgos: The region has no such task."),
    ],
)
def test_what_the_server_refuses_is_one_line(remote: Call, words: tuple[str, ...], ends: int, says: str) -> None:
    code, out, err = remote(*words)
    assert (code, out, len(err)) == (ends, [], 1)
    assert err[0].startswith(f"ERROR:{says}")
