"""The file of a service: which value a key has, and how everything that is wrong is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config.option_tables import Option
from fiwareglancesync.config.service_file import ServiceFile
from fiwareglancesync.config.values import BOOLEAN, TEXT, Kind, up_to


def refuse(_: str) -> str:
    """A kind that knows better what is wrong."""
    raise ConfigError("is of no use,\nexpected another one")


SECTIONS = {
    "limits": [Option("PORT", up_to(10), "The port.", default="8"), Option("DAYS", up_to(30, 86400), "Days.")],
    "account": [
        Option("USER", TEXT, "The user.", variable="SERVICE_USER"),
        Option("PASSWORD", up_to(3), "The password.", variable="SERVICE_PASSWORD", secret=True),
        Option("CHECK", BOOLEAN, "Whether it is checked."),
        Option("ODD", Kind("anything else", refuse), "Always wrong."),
    ],
}


def read(tmp_path: Path, text: str, **environ: str) -> ServiceFile:
    path = tmp_path / "service.cfg"
    path.write_text(text)
    file = ServiceFile(SECTIONS, environ, "f")
    file.read(path)
    return file


def test_the_file_wins_over_the_variable_and_that_over_the_default(tmp_path: Path) -> None:
    file = read(tmp_path, "[account]\nuser = file\n", SERVICE_USER="variable", PORT="9")
    assert (file.value("USER"), file.value("PORT")) == ("file", 8)
    assert read(tmp_path, "[account]\nuser =\n", SERVICE_USER="variable").value("USER") == "variable"
    assert read(tmp_path, "").value("USER") is None


def test_a_key_is_read_in_any_section_and_in_any_case(tmp_path: Path) -> None:
    file = read(tmp_path, "[other]\nPort = 9\ndays: 2\n[more]\nCHECK = yes\n")
    assert [file.value(key) for key in ("PORT", "DAYS", "CHECK")] == [9, 2 * 86400, True]
    assert (file.problems, file.warnings) == ([], [])


def test_a_percent_sign_and_a_backslash_are_ordinary(tmp_path: Path) -> None:
    file = read(tmp_path, "[account]\nuser = a%(x)s\\\n[limits]\nport = 1\n")
    assert (file.value("USER"), file.value("PORT")) == ("a%(x)s\\", 1)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("port = 11", "PORT", "PORT in the section [limits] of f is '11',\nexpected a whole number from 1 to 10."),
        ("port = " + "9" * 50, "PORT", f"PORT in the section [limits] of f is '{'9' * 40}',\nexpected "),
        (
            "password = secret",
            "PASSWORD",
            "PASSWORD in the section [account] of f, or the environment variable SERVICE_PASSWORD, is wrong,\n"
            "expected a whole number from 1 to 3. ",
        ),
        ("odd = x", "ODD", "ODD in the section [account] of f is of no use,\nexpected another one. "),
    ],
)
def test_a_wrong_value_is_a_problem(tmp_path: Path, text: str, key: str, problem: str) -> None:
    file = read(tmp_path, f"[limits]\n{text}\n")
    assert file.value(key) is None
    [reported] = file.problems
    assert reported.startswith(problem)
    assert reported.endswith("Please correct it to execute the program.")


def test_an_unknown_key_is_a_warning_with_the_nearest_one(tmp_path: Path) -> None:
    assert read(tmp_path, "[limits]\nprot = 1\nzzz = 2\n").warnings == [
        f"{tmp_path}/service.cfg: [limits] prot: unknown key, ignored; did you mean PORT?",
        f"{tmp_path}/service.cfg: [limits] zzz: unknown key, ignored",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("secret = 1\n", 1), ("[limits]\nsecret\n", 2), ("[a]\nx = 1\nx = secret\n", 3), ("[a]\n[b]\n[a]\n", 3)],
)
def test_a_malformed_file_is_reported_by_its_line_and_not_shown(tmp_path: Path, text: str, line: int) -> None:
    [problem] = read(tmp_path, text).problems
    assert problem == (
        f"The file {tmp_path}/service.cfg cannot be read: line {line} is malformed\n"
        "Please correct it to execute the program."
    )


def test_a_file_that_is_not_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "service.cfg"
    path.write_bytes(b"[a]\nx = \xff\n")
    for file in (path, tmp_path / "none"):
        service = ServiceFile(SECTIONS, {}, "service.cfg")
        service.read(file)
        [problem] = service.problems
        reason = "it is malformed" if file == path else "No such file or directory"
        assert problem.startswith(f"The file {file} cannot be read: {reason}\n")
