"""The structure of a schedule file, with positions; both readers of YAML find the same (snapshots 2.1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from fiwareglancesync.snapshots.schedule import schedule_nodes
from fiwareglancesync.snapshots.schedule.schedule_nodes import MOST_BYTES, Nodes, read_nodes


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """libyaml, and the library without it."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(schedule_nodes, "LOADER", getattr(yaml, request.param))
    return iter([None])


def keys(nodes: Nodes) -> list[str]:
    return [f"{pair.key.position} {pair.key.text}" for pair in nodes.pairs]


def values(nodes: Nodes) -> list[list[str]]:
    return [[f"{value.position} {value.text}" for value in pair.values] for pair in nodes.pairs]


def mistakes(nodes: Nodes) -> list[str]:
    return [f"{finding.position} {finding.text}" for finding in nodes.mistakes]


def test_each_text_has_its_position() -> None:
    nodes = read_nodes("web: 7@mon\nü: [7@2, 'x y']\n# c\n\"b\":\r\n  - 3\n  - on\n".encode())
    assert mistakes(nodes) == []
    assert keys(nodes) == ["1:1 web", "2:1 ü", "4:2 b"]
    assert values(nodes) == [["1:6 7@mon"], ["2:5 7@2", "2:11 x y"], ["5:5 3", "6:5 on"]]
    assert [(pair.is_list, pair.is_flow) for pair in nodes.pairs] == [(False, False), (True, True), (True, False)]


def test_a_position_within_a_text_is_exact_when_each_character_is_one_of_the_line() -> None:
    nodes = read_nodes(b"a: '7@8-17'\nb: \"7\\u00408-17\"\nc:\n  7@8\n  -17\n")
    found = [pair.values[0] for pair in nodes.pairs]
    assert [str(value.at(2)) for value in found] == ["1:7", "2:4", "4:3"]


@pytest.mark.parametrize(
    ("content", "position", "says"),
    [
        (b"", "1:1", "the file is empty; write {} when it is to name no server"),
        (b"# only a comment\n", "1:1", "the file is empty"),
        (b"- web\n", "1:1", "a list instead of a mapping"),
        (b"web\n", "1:1", "a text instead of a mapping"),
        (b"a: &x 7\n", "1:4", "the anchor &x"),
        (b"a: 7\nb: *x\n", "2:4", "the alias *x; write a pattern that begins with * in quotes"),
        (b"*x : 7\n", "1:1", "the alias *x"),
        (b"a: !!int 7\n", "1:4", "the tag tag:yaml.org,2002:int"),
        (b"a: {b: 7}\n", "1:4", "a mapping within"),
        (b"a: [[7]]\n", "1:5", "a list within"),
        (b"a: [{b: 7}]\n", "1:5", "a mapping within"),
        (b"[a, b]: 7\n", "1:1", "a list within"),
        (b"a: 7\n---\nb: 7\n", "2:1", "a second document"),
        (b"a: @mon\n", "1:4", "write a text that begins with this sign in quotes"),
        (b"*: 7\n", "1:2", "; write a pattern that begins with * in quotes"),
        (b"*db*: 7\n", "1:4", "; write a pattern that begins with * in quotes"),
        (b"a: b: 7\n", "1:5", "no valid YAML: mapping values are not allowed"),
        (b"a: 7\nb: \x00\n", "2:4", "the character U+0000 is not allowed"),
        ("é: \x07".encode(), "1:4", "the character U+0007 is not allowed"),
        (b"a: 7\nb: \xff\n", "2:4", "byte 0xff is not UTF-8"),
        (b"a: " + b"7" * MOST_BYTES, "1:1", "the file has more than 1048576 bytes (1 MiB)"),
    ],
)
def test_another_form_is_a_mistake_with_its_position(content: bytes, position: str, says: str) -> None:
    [found] = mistakes(read_nodes(content))
    assert found.startswith(f"{position} ")
    assert says in found


def test_what_follows_a_mistake_is_read() -> None:
    nodes = read_nodes(b"a: {b: {c: 1}}\n? [x]\n: [1, 2]\nd: [[1], 2]\ne: *f\ng: 5\n")
    assert [text.split()[0] for text in mistakes(nodes)] == ["1:4", "2:3", "4:5", "5:4"]
    assert keys(nodes) == ["4:1 d", "6:1 g"]
    assert values(nodes) == [["4:10 2"], ["6:4 5"]]


def test_a_file_of_brackets_is_refused_at_once() -> None:
    assert [text.split()[0] for text in mistakes(read_nodes(b"a: " + b"[" * 500_000))] == ["1:5"]


def test_a_mark_at_the_beginning_of_the_file_is_no_character() -> None:
    assert keys(read_nodes(b"\xef\xbb\xbfa: 7\n")) == ["1:1 a"]


@pytest.mark.parametrize("text", ["on", "no", "1e3", "0x1f", "~", "null", "2026-01-01", "1_000", "<<"])
def test_every_scalar_is_a_text(text: str) -> None:
    assert values(read_nodes(f"{text}: {text}".encode())) == [[f"1:{len(text) + 3} {text}"]]
