"""The words after ``glancesync remote``."""

from __future__ import annotations

import argparse

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.remote.remote_arguments import Follow, build_parser, parse_arguments

COMMANDS = ("regions", "status", "sync", "tasks", "watch", "cancel")


def parse(*words: str) -> argparse.Namespace:
    return parse_arguments(words, "glancesync remote")


def refusal(*words: str) -> str:
    """Why a command line is refused."""
    with pytest.raises(UsageError) as refused:
        parse(*words)
    return str(refused.value)


@pytest.mark.parametrize("command", [("regions",), ("sync", "Burgos"), ("cancel", "Burgos", "t-1")])
def test_server_and_account_may_stand_before_the_command_and_after_it(command: tuple[str, ...]) -> None:
    words = ("--server", "http://one", "--os-cloud", "cloud", "--debug")
    for options in (parse(*words, *command), parse(*command, *words)):
        assert (options.server, options.os_cloud, options.debug) == ("http://one", "cloud", True)
    options = parse(*command)
    assert (options.server, options.os_cloud, options.debug) == (None, None, False)


def test_what_stands_after_the_command_wins() -> None:
    options = parse("--server", "http://one", "--os-cloud", "first", "regions", "--server=http://two")
    assert (options.server, options.os_cloud) == ("http://two", "first")


def test_a_synchronisation_is_not_followed_unless_that_is_wanted() -> None:
    assert parse("sync", "Burgos").follow is Follow.NOT
    assert parse("sync", "Burgos", "--wait").follow is Follow.TO_THE_END
    assert parse("sync", "Burgos", "--watch").follow is Follow.STEP_BY_STEP


def test_regions_images_and_options_come_together() -> None:
    options = parse(
        "sync", "Burgos", "other:Madrid", "--image", "a*", "--image=b", "--config", "x=1", "y=2", "--dry-run"
    )
    assert options.regions == ["Burgos", "other:Madrid"]
    assert (options.image, options.config, options.dry_run) == (["a*", "b"], ["x=1", "y=2"], True)


def test_decisions_may_be_several() -> None:
    options = parse("sync", "Burgos", "--decide", "a=x:replace", "--decide=b=y:rename", "--replace-lists")
    assert (options.decide, options.replace_lists) == (["a=x:replace", "b=y:rename"], True)
    assert (parse("sync", "Burgos").decide, parse("sync", "Burgos").replace_lists) == ([], False)


def test_statuses_are_reported_as_the_command_reports_them() -> None:
    assert parse("status", "Burgos").format == "csv"
    assert parse("regions").format == parse("tasks", "Burgos").format == "table"


def test_a_task_may_be_left_out_where_the_newest_is_meant() -> None:
    assert parse("watch", "Burgos").task is None
    assert "the following arguments are required: task" in refusal("cancel", "Burgos")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "the following arguments are required: command; see glancesync remote --help"),
        (["synk"], "invalid choice: 'synk'"),
        (["status"], "the following arguments are required: region; see glancesync remote status --help"),
        (["sync", "Burgos", "--watch", "--wait"], "not allowed with argument"),
        (["sync", "--config", "a=1", "Burgos"], "the following arguments are required: region"),
        (["sync", "Caceres", "--config", "a=1", "Burgos"], "Burgos is not KEY=VALUE; put regions before --config"),
        (["regions", "--format", "xml"], "invalid choice: 'xml'"),
        (["watch", "Burgos", "a", "b"], "unrecognized arguments: b"),
        (["sync", "Burgos", "--dry-rnu"], "unrecognized arguments: --dry-rnu, did you mean --dry-run?; see"),
        (["status", "Burgos", "--refersh"], "unrecognized arguments: --refersh; see"),
        (["sync", "--", "Burgos", "--dry-run"], "--dry-run begins with -, so it is taken for no region"),
        (["watch", "-5"], "-5 begins with -, so it is taken for no region"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_way_out(words: list[str], says: str) -> None:
    text = refusal(*words)
    assert says in text
    assert "\n" not in text


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [word for word in (*COMMANDS, "GLANCESYNC_SERVER", "OS_AUTH_URL", "OS_CLOUD") if word not in text] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_explains_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser("glancesync remote").parse_args([command, "--help"])
    text = capsys.readouterr().out
    assert "--server URL" in text
    assert f"usage: glancesync remote {command} " in text
