"""Every reference to the contract or the design leads to a section that is there."""

from __future__ import annotations

import pytest

from tests.support.references import Reference, anchored, numbered, pages, references, sections, texts, unresolved

KNOWN = {"sync": frozenset({"1", "1.1", "3.4"}), "design": frozenset({"4", "4.3"})}


def test_every_reference_leads_to_a_section() -> None:
    known = sections()
    problems = [f"{path}:{problem}" for path, text in texts() for problem in unresolved(text, known)]
    assert problems == []


def test_references_are_found_at_all() -> None:
    found = {reference.page for _, text in texts() for reference in references(text, sections())}
    assert found == set(pages())


@pytest.mark.parametrize("page", pages())
def test_every_section_has_an_anchor_of_its_number(page: str) -> None:
    text = pages()[page].read_text(encoding="utf-8")
    found = numbered(text)
    assert found
    assert anchored(text, page) == found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(sync 3.4)", ["3.4"]),
        ("Sync 1: all", ["1"]),
        ("(sync 1.1, 3.4)", ["1.1", "3.4"]),
        ("(sync 1, 3 and 4)", ["1", "3", "4"]),
        ("(sync 3.5 to 3.8)", ["3.5", "3.8"]),
        ("wrapped (sync\n    3.4)", ["3.4"]),
        ("# wrapped (sync\n# 3.4)", ["3.4"]),
        ("see sync 3.4.", ["3.4"]),
        ("(sync 3.4, ``server``)", ["3.4"]),
        ("async 3.4, resync 3.4, sync3.4, sync 4th, glancesync remote sync Burgos", []),
    ],
)
def test_a_reference_is_recognised(text: str, found: list[str]) -> None:
    assert [reference.section for reference in references(text, KNOWN)] == found


def test_each_page_has_its_own_sections() -> None:
    text = "(sync 3.4,\ndesign 4.3)"
    assert list(references(text, KNOWN)) == [Reference("sync", "3.4", 1), Reference("design", "4.3", 2)]
    assert unresolved(text, KNOWN) == []


@pytest.mark.parametrize(
    "text",
    [
        f"{'sync'} 3.9",
        f"{'sync'} 4.3",
        f"(sync 1.1, {'3.9'})",
        f"{'design'} 3.4",
        f"{'contract'} 3.4",
        f"{'contract'}\n    1.1",
        f"{'contract'} 6-operations 1",
        f"({'contract'}, preamble)",
        f"{'design'} 4, invariant 3",
        f"{'design'} 4 invariant 3",
        f"{'design'} 4, 3",
    ],
)
def test_a_wrong_reference_is_noticed(text: str) -> None:
    assert len(unresolved(f"first line\n{text}", KNOWN)) >= 1
