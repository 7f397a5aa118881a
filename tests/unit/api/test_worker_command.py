"""What ``glancesync worker`` says when it cannot work: a line or two, no traceback, no secret."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fiwareglancesync.api import server_command as server_command
from fiwareglancesync.api import server_settings
from fiwareglancesync.base.database import metadata, open_engine
from fiwareglancesync.jobs.database_owner import claim
from fiwareglancesync.main import main

NOBODY = "redis://user:secret@127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def configured(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example's federation, Celery and a broker that does not answer."""
    monkeypatch.setattr(server_settings, "SYSTEM_FOLDER", tmp_path / "etc")
    monkeypatch.chdir(tmp_path)
    given = {"GLANCESYNC_EXECUTOR": "celery", "GLANCESYNC_BROKER_URL": NOBODY}
    for name, value in (environ | given).items():
        monkeypatch.setenv(name, value)


def refusal(capsys: pytest.CaptureFixture[str], *words: str, code: int = 1) -> str:
    """What is said to a worker that cannot begin."""
    assert main(["worker", *words]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("ERROR:")
    assert "secret" not in printed.err
    assert "Traceback" not in printed.err
    return printed.err


def test_a_broker_that_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    reported = refusal(capsys)
    assert "the broker at redis://user:**@127.0.0.1:1/0 cannot be reached" in reported
    assert reported.count("\n") == 1


@pytest.mark.parametrize("url", ["", "http://user:secret@host", "redis://", "redis://:secret@host:port/0", "secret"])
def test_a_broker_that_is_missing_or_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GLANCESYNC_BROKER_URL", url)
    reported = refusal(capsys)
    assert "BROKER_URL" in reported
    assert "redis://host:6379/0" in reported


def test_celery_that_is_not_installed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celery", None)
    reported = refusal(capsys, code=2)
    assert reported.startswith("ERROR:celery is not installed for ")
    assert reported.rstrip("\n'").endswith("[celery]")
    assert reported.count("\n") == 1


def test_a_server_that_needs_no_worker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLANCESYNC_EXECUTOR")
    assert "EXECUTOR = celery" in refusal(capsys)


def test_an_executor_that_is_none(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANCESYNC_EXECUTOR", "sellery")
    assert "expected embedded or celery" in refusal(capsys)


def test_everything_that_is_wrong_is_reported_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GLANCESYNC_BROKER_URL", "")
    monkeypatch.setenv("GLANCESYNC_CONFIG", str(tmp_path / "nothing.conf"))
    reported = refusal(capsys)
    assert "BROKER_URL" in reported
    assert "nothing.conf" in reported


@pytest.mark.parametrize("words", [["--concurrency", "0"], ["--concurrency", "many"], ["Burgos"], ["--unknown"]])
def test_words_that_make_no_sense(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert "worker --help" in refusal(capsys, *words, code=2)


def test_how_tokens_are_validated_is_nothing_to_a_worker(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYSTONE_URL", "http://keystone:5000/v3")
    assert "the broker at" in refusal(capsys)


def test_a_worker_that_could_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fiwareglancesync.api.server_settings.BROKERS", ("memory://",))
    monkeypatch.setenv("GLANCESYNC_BROKER_URL", "memory://within")
    assert main(["worker", "--check"]) == 0


def test_the_database_of_another_federation_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], tmp_path: Path
) -> None:
    monkeypatch.setattr("fiwareglancesync.api.server_settings.BROKERS", ("memory://",))
    monkeypatch.setenv("GLANCESYNC_BROKER_URL", "memory://within")
    engine = open_engine(f"sqlite:///{tmp_path}/shared.db")
    metadata.create_all(engine)
    claim(engine, "Spain@https://keystone.example.org")
    path = Path(environ["GLANCESYNC_CONFIG"])
    path.write_text(path.read_text().replace("[main]", f"[main]\ndatabase = sqlite:///{tmp_path}/shared.db"))
    reported = refusal(capsys, "--check")
    assert "shared.db belongs to the federation Spain@https://keystone.example.org, the configuration is of" in reported
    assert reported.count("\n") == 1


def test_the_broker_may_come_from_the_settings_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "server.cfg"
    file.write_text("[settings]\nEXECUTOR = celery\nBROKER_URL = redis://:secret@127.0.0.1:2/7\n")
    monkeypatch.setenv("GLANCESYNC_SETTINGS_FILE", str(file))
    for name in ("GLANCESYNC_EXECUTOR", "GLANCESYNC_BROKER_URL"):
        monkeypatch.delenv(name)
    assert "the broker at redis://:**@127.0.0.1:2/7 cannot be reached" in refusal(capsys)


def test_the_option_is_handed_to_the_tasks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANCESYNC_OS_CLOUD", "another")  # and is restored afterwards
    refusal(capsys, "--os-cloud", "mine")
    assert os.environ["GLANCESYNC_OS_CLOUD"] == "mine"


@pytest.mark.parametrize("command", ["gunicornserver", "runserver"])
def test_so_is_that_of_the_server(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setenv("GLANCESYNC_OS_CLOUD", "another")
    for name in ("serve", "develop"):
        monkeypatch.setattr(server_command, name, lambda *_, **__: seen.append(os.environ["GLANCESYNC_OS_CLOUD"]))
    assert CliRunner().invoke(server_command.cli, [command, "--os-cloud", "mine"]).exit_code == 0
    assert CliRunner().invoke(server_command.cli, [command]).exit_code == 0
    assert seen == ["mine", "mine"]
