"""Files of OpenStack's variables are read as a shell would read them, and nothing in them is carried out."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.environment_file import parse_environment, read_environment_file
from fiwareglancesync.base.errors import ConfigError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("export OS_X=a-b.c:/d", "a-b.c:/d"),
        ("OS_X=plain", "plain"),
        ("export OS_X='a b $c'", "a b $c"),
        ('export OS_X="a \\" \\$ b"', 'a " $ b'),
        ("export OS_X=", ""),
        ("export OS_X=a#b # a comment", "a#b"),
        ('  export OS_X=""  ', ""),
    ],
)
def test_a_value_is_what_a_shell_makes_of_it(line: str, value: str) -> None:
    assert parse_environment(line.encode(), "OS_") == ({"OS_X": value}, [])


@pytest.mark.parametrize(
    "value", ["$OTHER", '"$(rm x)"', "`id`", "a;id", "a b", "'open", '"a"b', "a\\ b", "a&", "a>b", "(a)"]
)
def test_what_a_shell_would_carry_out_is_a_mistake_without_the_value(value: str) -> None:
    values, mistakes = parse_environment(f"# a\n\nexport OS_PASSWORD={SECRET}{value}\n".encode(), "OS_")
    assert values == {}
    assert [number for number, _ in mistakes] == [3]
    assert SECRET not in str(mistakes)


def test_other_commands_and_names_are_mistakes() -> None:
    content = f"source openrc\nexport PATH={SECRET}\nread -sr OS_PASSWORD_INPUT\n"
    assert parse_environment(content.encode(), "OS_")[1] == [
        (1, "expected export OS_NAME=VALUE; no other command is carried out"),
        (2, "PATH: expected a name that begins with OS_"),
        (3, "expected export OS_NAME=VALUE; no other command is carried out"),
    ]


def test_every_mistake_is_reported_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "openrc"
    path.write_bytes(b"echo\nOS_A=1\nexport OS_B=$A\n")
    with pytest.raises(ConfigError) as caught:
        read_environment_file(str(path), "OS_")
    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [f"{path}:1:", f"{path}:3:"]
    path.write_bytes(b"OS_A=1\nOS_B=\xff\n")
    with pytest.raises(ConfigError, match=":2: expected UTF-8"):
        read_environment_file(str(path), "OS_")
    with pytest.raises(ConfigError, match="No such file"):
        read_environment_file(str(tmp_path / "none"), "OS_")


def test_a_file_that_others_may_read_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "openrc"
    path.write_text(f"export OS_PASSWORD={SECRET}\n")
    path.chmod(0o640)
    found = read_environment_file(str(path), "OS_")
    assert found.warnings == (f"{path}: other users may read the password in it; change that with: chmod 600 {path}",)
    assert SECRET not in repr(found)
    path.chmod(0o600)
    assert read_environment_file(str(path), "OS_").warnings == ()
