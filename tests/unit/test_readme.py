"""The README is short, leads to pages that are there, and has commands that are run."""

from __future__ import annotations

from docutils import nodes

from tests.support.pages import DOCS, HANDBOOK, README, blocks, document

LONGEST = 250
NOT_FOR_USERS = {"contributing.rst", "design.rst", "index.rst"}


def links() -> set[str]:
    """The addresses that the README leads to."""
    return {node["refuri"] for node in document(README).findall(nodes.reference) if "refuri" in node}


def test_it_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_pages_that_it_leads_to_are_there() -> None:
    local = {link for link in links() if "://" not in link}
    assert local
    assert {link for link in local if not (README.parent / link).is_file()} == set()


def test_it_leads_to_every_page_for_users() -> None:
    pages = {f"docs/{page.name}" for page in HANDBOOK if page.name not in NOT_FOR_USERS}
    assert pages - links() == set()


def test_each_of_its_ways_to_begin_is_run() -> None:
    commands = {command: block.where for block in blocks([README]) for command, _ in block.steps}
    assert commands["scripts/try"] == commands["scripts/test"] == "help"
    assert commands["scripts/try --embedded"] == "checkout"
    assert commands["glancesync --dry-run Burgos"] == "cloud"


def test_the_first_page_of_the_handbook_leads_to_every_page() -> None:
    text = (DOCS / "index.rst").read_text(encoding="utf-8")
    ways = text.partition("Where to begin\n")[2].partition(".. toctree::")[0]
    pages = {page.stem for page in HANDBOOK} - {"index"}
    assert {page for page in pages if f":doc:`{page}`" not in ways} == set()
    assert {page for page in pages if f"   {page}\n" not in text} == set()
