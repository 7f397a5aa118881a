"""``glancesync volumes`` as a user calls it (volumes 1)."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import pytest

from fiwareglancesync.cli.volumes_command import VERBS, build_parser
from fiwareglancesync.main import main

CONFIGURATION = "[master]\nkeystone_url = http://127.0.0.1:1/v3\nuser = u\npassword = p\ntenant = t\n"


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration that can be used."""
    for name in list(os.environ):
        if name.startswith(("OS_", "GLANCESYNC")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "glancesync.conf"
    file.write_text(CONFIGURATION)
    file.chmod(0o600)
    return str(file)


def test_each_verb_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    help_text = build_parser("glancesync volumes").format_help()
    for name, verb in VERBS.items():
        assert name in help_text
        with pytest.raises(SystemExit) as ended:
            main(["volumes", name, "--help"])
        assert ended.value.code == 0
        assert " ".join(verb.description.split()) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "the following arguments are required: VERB"),
        (["police"], "invalid choice: 'police'"),
        (["policy-server", "--listn", "x"], "unrecognized arguments: --listn x, did you mean --listen?"),
        (["policy-server", "--listen", "x"], "expected HOST:PORT, [ADDRESS]:PORT or unix:PATH, not 'x'"),
        (["policy-server", "--workers", "0"], "expected a whole number from 1 to 1000, not '0'"),
        (["policy-server", "--conf", "/none"], "/none: the configuration file (--conf) cannot be read"),
    ],
)
def test_a_wrong_call_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(["volumes", *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.startswith("ERROR:")
    assert error.count("\n") == 1


def test_an_address_that_is_in_use_is_one_line(capsys: pytest.CaptureFixture[str], conf: str) -> None:
    handlers = list(logging.getLogger("glancesync").handlers)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["volumes", "policy-server", "--conf", conf, "--listen", f"127.0.0.1:{port}"]) == 1
    assert capsys.readouterr().err == (
        f"ERROR:The server cannot listen at 127.0.0.1:{port}: another program uses port {port}. "
        "Please stop it, or choose another port with --listen.\n"
    )
    assert logging.getLogger("glancesync").handlers == handlers
