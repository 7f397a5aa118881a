"""The YAML of clouds.yaml: references, doubled keys, and values that YAML reads otherwise than they look."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.config.clouds import read_cloud
from tests.support.cloud_entries import AUTH, Read, problem


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)),
        "a0: &a0 {x: y}\n" + "".join(
            f"a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(9))}}}\n" for n in range(1, 10)
        ),
        "a: &a\n  b: *a\n",
        "a: &a [*a]\n",
    ],
)  # fmt: skip
def test_references_that_make_a_file_endless_are_refused(folder: Path, text: str) -> None:
    (folder / "clouds.yaml").write_text(f"{text}clouds:\n  fed:\n    {AUTH}\n")
    reported = problem(lambda: read_cloud("fed", {}))
    assert reported == f"{folder}/clouds.yaml: references (& and *) repeat too much; write the values out instead"


def test_references_that_save_typing_are_kept(folder: Path) -> None:
    (folder / "clouds.yaml").write_text(f"base: &base\n  {AUTH}\nclouds:\n  fed:\n    <<: *base\n    region_name: R\n")
    assert read_cloud("fed", {}).region == "R"


def test_a_file_that_does_not_end_is_refused(folder: Path) -> None:
    reported = problem(lambda: read_cloud("fed", {"OS_CLIENT_CONFIG_FILE": "/dev/zero"}))
    assert reported == "/dev/zero: the file is larger than 4 MiB, expected a file as openstacksdk reads it"


@pytest.mark.parametrize("auth", ["5", "[x]", "hunter2"])
def test_auth_of_a_region_that_holds_no_keys_is_reported(read: Read, auth: str) -> None:
    reported = problem(lambda: read(f"regions: [{{name: R, values: {{auth: {auth}}}}}]"))
    assert reported.endswith("regions: expected names, or keys name and values for each region")


@pytest.mark.parametrize("line", ["region_name: NO", "region_name: on", "regions: [R, NO]", "regions: [{name: NO}]"])
def test_a_region_that_yaml_takes_for_yes_or_no_is_not_dropped(read: Read, line: str) -> None:
    reported = problem(lambda: read(line))
    assert reported.endswith("YAML reads the name of a region as yes or no; write it in quotes")


def test_a_region_may_be_a_number(read: Read) -> None:
    assert read("region_name: 7").region == "7"


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("clouds:\n  fed:\n    auth: {}\n  fed:\n    auth: {}\n", 4, "fed"),
        ("clouds:\n  fed:\n    auth:\n      password: hunter2\n      user: u\n      password: other\n", 6, "password"),
        ("clouds:\n  fed: {auth: {}}\nclouds: {}\n", 3, "clouds"),
    ],
)
def test_a_key_that_is_given_twice_is_reported_with_its_line(folder: Path, text: str, line: int, name: str) -> None:
    (folder / "clouds.yaml").write_text(text)
    reported = problem(lambda: read_cloud("fed", {}))
    assert reported == f"{folder / 'clouds.yaml'}:{line}: {name} is given twice; keep one of them"


def test_what_a_reference_brings_in_may_be_said_otherwise(folder: Path) -> None:
    (folder / "clouds.yaml").write_text(
        f"base: &base\n  {AUTH}\n  region_name: Spain\nclouds:\n  fed:\n    <<: *base\n    region_name: Burgos\n"
    )
    assert read_cloud("fed", {}).region == "Burgos"
