"""The options of the command line (sync 1.1)."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from fiwareglancesync import __version__
from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.cli.sync_arguments import build_parser, parse_arguments

OPTIONS = (
    *("--parallel", "--config", "--dry-run", "--show-status", "--show-regions", "--make-backups", "--make-backup"),
    *("-f", "--format", "--pending", "--output-dir"),
    *("--events", "--report", "--image", "--transfer", "--progress", "--no-progress", "--exit-code"),
    *("--from", "--uuid", "--at", "--members", "--vault"),
    *("--wait", "--conf", "--os-cloud", "-v", "--verbose", "-q", "--quiet", "--debug", "--version", "-h", "--help"),
)


def parse(*words: str) -> argparse.Namespace:
    return parse_arguments(words, "sync.py")


def refusal(*words: str) -> str:
    """Why a command line is refused."""
    with pytest.raises(UsageError) as refused:
        parse(*words)
    assert refused.value.exit_code == 2
    return str(refused.value)


def test_without_a_word_it_synchronises_all() -> None:
    options = parse()
    assert (options.regions, options.config, options.image, options.progress) == ([], [], [], None)
    switches = ("dry_run", "show_status", "show_regions", "make_backups", "parallel", "wait", "exit_code", "debug")
    assert not any(getattr(options, switch) for switch in switches)


def test_regions_and_options_may_be_mixed() -> None:
    assert parse("Burgos", "--parallel", "other:Madrid", "--dry-run", "other:").regions == [
        "Burgos",
        "other:Madrid",
        "other:",
    ]


def test_config_takes_what_follows_and_may_be_repeated() -> None:
    options = parse("Burgos", "--config", "a=1", "b.c=d=e", "--wait", "--config", "f=")
    assert (options.config, options.regions, options.wait) == (["a=1", "b.c=d=e", "f="], ["Burgos"], True)


def test_a_region_after_config_is_refused_with_advice() -> None:
    text = "Burgos is not KEY=VALUE; put regions before --config or after --"
    assert refusal("--config", "a=1", "Burgos") == text


def test_after_two_dashes_everything_is_a_region() -> None:
    assert parse("a", "--config", "b=1", "--", "c", "d").regions == ["a", "c", "d"]
    assert parse("--", "master:-a", "b=1").regions == ["master:-a", "b=1"]


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("Burgos", "--", "--dry-run"), "--dry-run"),
        (("--", "-d"), "-d"),
        (("--", "Burgos", "--"), "--"),
        (("Burgos", "-5"), "-5"),
        (("-",), "-"),
        (("--dry-run now",), "--dry-run now"),
    ],
)
def test_a_region_that_looks_like_an_option_is_refused(words: tuple[str, ...], word: str) -> None:
    assert refusal(*words) == (
        f"{word} begins with -, so it is taken for no region: options go before --; "
        f"a region of that name is written master:{word}"
    )


@pytest.mark.parametrize("mode", ["--dry-run", "--show-status", "--show-regions", "--make-backups"])
@pytest.mark.parametrize("other", ["--dry-run", "--show-status", "--show-regions", "--make-backup"])
def test_modes_exclude_each_other(mode: str, other: str) -> None:
    if mode.startswith(other):
        parse(mode, other)
    else:
        assert "not allowed with argument" in refusal(mode, other)


@pytest.mark.parametrize("word", ["--make-backups", "--make-backup"])
def test_backups_have_two_names(word: str) -> None:
    assert parse(word).make_backups


@pytest.mark.parametrize("mode", [[], ["--dry-run"], ["--show-status"], ["--show-regions"], ["--make-backups"]])
def test_parallel_goes_with_every_mode(mode: list[str]) -> None:
    assert parse("--parallel", *mode).parallel


@pytest.mark.parametrize("form", ["csv", "table", "json"])
@pytest.mark.parametrize("mode", ["--show-status", "--show-regions"])
def test_formats_are_those_of_data(mode: str, form: str) -> None:
    assert parse(mode, "--format", form).format == form


@pytest.mark.parametrize("mode", [[], ["--dry-run"], ["--make-backups"]])
def test_a_run_has_no_format(mode: list[str]) -> None:
    assert refusal(*mode, "--format", "csv") == "--format goes with --show-status or --show-regions"


def test_a_format_has_a_short_option() -> None:
    assert parse("--show-status", "-f", "table").format == "table"


@pytest.mark.parametrize("mode", [[], ["--dry-run"], ["--show-regions"], ["--make-backups"]])
def test_the_matrix_and_what_is_pending_go_with_the_status(mode: list[str]) -> None:
    assert refusal(*mode, "--pending") == "--pending goes with --show-status"
    assert "goes with --show-status" in refusal(*mode, "-f", "matrix")
    options = parse("--show-status", "--pending", "-f", "matrix")
    assert (options.pending, options.format) == (True, "matrix")


@pytest.mark.parametrize("mode", ["--show-status", "--show-regions"])
def test_events_do_not_mix_with_data(mode: str) -> None:
    assert refusal(mode, "--events", "-") == (
        "--events - would mix with the data on standard output; name a file: --events FILE"
    )
    assert parse(mode, "--events", "file").events == "file"


@pytest.mark.parametrize("mode", [[], ["--dry-run"], ["--make-backups"]])
def test_without_data_events_may_go_to_standard_output(mode: list[str]) -> None:
    assert parse(*mode, "--events", "-").events == "-"


def test_events_and_report_do_not_overwrite_each_other(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    file, link, other = (str(tmp_path / name) for name in ("file", "link", "other"))
    for report in (file, link, f"{tmp_path}/./file"):
        assert refusal("--events", file, "--report", report) == (
            f"--events and --report name the same file, {report}; give each a file of its own"
        )
    assert parse("--events", file, "--report", other).report == other


@pytest.mark.parametrize("way", ["auto", "file", "stream", "spool", "server"])
def test_a_way_may_be_forced(way: str) -> None:
    assert parse("--transfer", way).transfer == way


def test_images_may_be_chosen_by_several_patterns() -> None:
    assert parse("--image", "a*", "--image=-b").image == ["a*", "-b"]


def test_progress_may_be_switched_either_way() -> None:
    assert parse("--progress").progress is True
    assert parse("--no-progress").progress is False


@pytest.mark.parametrize(
    "words",
    [
        ("--unknown",),
        ("--format", "xml", "--show-status"),
        ("--transfer", "pigeon"),
        ("--image",),
        ("--conf",),
        ("--config",),
        ("--events",),
        ("--report",),
        ("--dry",),
        ("--show-status=yes",),
    ],
)
def test_what_is_no_option_is_refused_with_a_way_out(words: tuple[str, ...]) -> None:
    text = refusal(*words)
    assert text.endswith("; see sync.py --help")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--dry-rnu",), "--dry-run"),
        (("Burgos", "-dry-run"), "--dry-run"),
        (("--show_status",), "--show-status"),
        (("--DRY-RUN",), "--dry-run"),
        (("--formt=json", "--show-status"), "--format"),
        (("--config", "a=1", "--imgae", "x"), "--image"),
        (("--verbsoe", "--wiat"), "--verbose --wait"),
    ],
)
def test_for_an_unknown_option_the_nearest_one_is_reported(words: tuple[str, ...], meant: str) -> None:
    text = refusal(*words)
    assert text.startswith("unrecognized arguments: ")
    assert text.endswith(f", did you mean {meant}?; see sync.py --help")


def test_for_an_option_that_is_like_none_nothing_is_reported() -> None:
    assert refusal("--nonsense") == "unrecognized arguments: --nonsense; see sync.py --help"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--report", ""), "--report names no file"),
        (("--report", "-"), "--report - names no file; write --report FILE"),
        (("--events", ""), "--events names no file"),
        (("--conf", ""), "--conf names no file"),
        (("--image", ""), "--image has an empty pattern, which matches no image"),
    ],
)
def test_a_value_that_names_nothing_is_wrong_usage(words: tuple[str, ...], text: str) -> None:
    assert refusal(*words) == text


@pytest.mark.parametrize("region", ["", " ", "master: "])
def test_a_region_has_a_name(region: str) -> None:
    assert refusal(region) == "a region's name is empty; write NAME, TARGET:NAME or TARGET:"


def test_the_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [option for option in OPTIONS if option not in text] == []
    assert "sync.py [region ...] [options]" in text


def test_there_is_no_option_that_is_not_known_here() -> None:
    known = {word for action in build_parser("sync.py")._actions for word in action.option_strings}
    assert known == set(OPTIONS)
    assert all(action.help for action in build_parser("sync.py")._actions)


def test_the_version_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--version")
    assert (ended.value.code, capsys.readouterr().out) == (0, f"glancesync {__version__}\n")
