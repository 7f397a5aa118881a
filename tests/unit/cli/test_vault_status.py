"""``glancesync vault status`` and ``heal`` as a user calls them, on an embedded federation (vault 5.2, 5.3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.builders import image
from tests.support.mail_server import mail_server
from tests.support.vault_commands import VaultCommand

TEMPLATE = """\
heat_template_version: 2018-08-31
resources:
  one: {type: OS::Nova::Server, properties: {image: good, flavor: a}}
  two: {type: OS::Nova::Server, properties: {image: nowhere, flavor: a}}
"""
BROKEN = """\
heat_template_version: 2018-08-31
resources: {a: {type: OS::Nova::Server, properties: {image: {get_attr: [b, c]}}}}
"""


@pytest.fixture
def north(tmp_path: Path) -> VaultCommand:
    """A region with two images, one of which a template needs, and its shelf, which has no run."""
    images = [image("good", "1" * 32, owner="p1"), image("old", "2" * 32, owner="p1")]
    found = VaultCommand(tmp_path, {"Burgos": images})
    folder = found.command.folder / "templates"
    folder.mkdir()
    (folder / "stack.yaml").write_text(TEMPLATE)
    return found


def test_the_table_begins_with_the_worst(north: VaultCommand) -> None:
    result = north.command("vault", "status", "Burgos", "--templates", "templates")
    assert (result.code, result.err) == (4, "")
    rows = [line.split() for line in result.out.splitlines() if line.strip()][2:]
    assert rows == [
        ["ALERT", "nowhere", "yes", "no", "no", "templates/stack.yaml:4"],
        ["bkpMissing", "good", "yes", "yes", "no"],
        ["DeleteImage", "old", "no", "yes", "no"],
    ]


def test_an_image_that_another_project_has_is_elsewhere_in_the_master_region_too(tmp_path: Path) -> None:
    theirs, good = image("nowhere", "1" * 32, owner="p2"), image("good", "2" * 32, owner="p1")
    found = VaultCommand(tmp_path, {"Spain": [theirs, good], "Burgos": [theirs, good]})
    (found.command.folder / "stack.yaml").write_text(TEMPLATE)
    for region in ("Burgos", "Spain"):
        result = found.command("vault", "status", region, "--templates", ".")
        rows = [line.split() for line in result.out.splitlines() if line.strip()][2:]
        assert (result.code, [row[:2] for row in rows]) == (3, [["bkpMissing", "good"], ["elsewhere", "nowhere"]])


def test_json_has_what_programs_need(north: VaultCommand) -> None:
    (north.command.folder / "templates" / "broken.yaml").write_text(BROKEN)
    result = north.command("vault", "status", "Burgos", "--templates", "templates", "--format", "json")
    found = json.loads(result.out)
    assert (found["region"], found["shelf"], found["run"]) == ("Burgos", "Burgos", None)
    assert [(row["image"], row["status"]) for row in found["images"]] == [
        ("nowhere", "ALERT"),
        ("good", "bkpMissing"),
        ("old", "DeleteImage"),
    ]
    (entry,) = found["unresolved"]
    assert (entry["file"], entry["line"]) == ("templates/broken.yaml", 2)
    assert result.err.startswith("WARNING:templates/broken.yaml:2: unresolved: ")


def test_lists_are_not_written_into_a_file(north: VaultCommand) -> None:
    (north.command.folder / "lists").write_text("mine")
    result = north.command("vault", "status", "Burgos", "--templates", "templates", "--lists", "lists")
    assert (result.code, result.err) == (1, "ERROR:lists is no folder, so no lists are written into it\n")


def test_csv_and_lists_are_those_of_classify(north: VaultCommand) -> None:
    words = ("vault", "status", "Burgos", "--templates", "templates", "--format", "csv", "--lists", "lists")
    result = north.command(*words)
    folder = north.command.folder / "lists"
    assert result.out.encode() == (folder / "table1.csv").read_bytes()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(before) == 9
    again = north.command("vault", "classify", "--lists", "lists", "--format", "csv")
    assert (again.code, again.out) == (4, result.out)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_configuration_may_name_templates_and_tag(north: VaultCommand) -> None:
    words = ("--config", "vault:north.templates=templates", "--config", "vault:north.tag=OO")
    result = north.command("vault", "status", "Burgos", *words, "--format", "csv")
    assert result.out == "imageName,inBPs,onDisk,onCluster,Status\r\ngood,True,False,True,bkpMissing\r\n"
    assert "nowhere" in north.command("vault", "status", "Burgos", *words, "--tag", "").out


def test_a_tag_that_no_image_has_is_reported(north: VaultCommand) -> None:
    result = north.command("vault", "status", "Burgos", "--templates", "templates", "--tag", "typo")
    text = "Burgos and shelf Burgos: nothing is compared: no image has the tag typo in its name"
    assert (result.code, result.err) == (3, f"WARNING:{text}\n")


@pytest.mark.parametrize("verb", ["status", "heal"])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["Burgos"], "no templates are named"),
        (["Burgos", "--templates", "nowhere"], "nowhere"),
        (["Burgos", "--templates", "."], ""),
        (["other:", "--templates", "templates"], "stands for several regions"),
        (["Nowhere", "--templates", "templates"], "unknown region"),
        (["elsewhere:Burgos", "--templates", "templates"], "unknown target"),
        (["Burgos", "--templates", "templates", "--shelf", "Other"], "has no shelf Other"),
        (["Burgos", "--templates", "templates", "--shelf", " "], "the name of a shelf is empty"),
        (["Burgos", "--templates", "templates", "--vault", "/nowhere"], "is no vault"),
        (["Burgos", "--templates", "templates", "--lists", "../vault/lists"], "is in the vault"),
        (["Burgos", "--templates", "templates", "empty"], "empty"),
    ],
)
def test_a_wrong_call_is_refused_and_nothing_is_done(
    verb: str, words: list[str], named: str, north: VaultCommand
) -> None:
    folder = north.command.folder
    (folder / "empty").mkdir()
    if named == "":
        for path in (folder / "templates").iterdir():
            path.unlink()
    before = sorted(folder.rglob("*"))
    result = north.command("vault", verb, *words)
    assert (result.code, result.out.partition("INFO:Dry run")[0]) == (2, "")
    (line,) = result.errors
    assert named in line
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--scope", "a*"], "--scope without --delete: only that removes images"),
        (["--tagged", "--scope", "a*"], "--scope and --tagged without --delete: only that removes images"),
        (["--delete", "--scope", ""], "--scope is empty, which matches no name; write a pattern such as 'lab-*'"),
    ],
)
def test_options_of_removals_without_a_meaning_are_refused(words: list[str], error: str, north: VaultCommand) -> None:
    result = north.command("vault", "heal", "Burgos", "--templates", "templates", *words)
    assert (result.code, result.out, result.err) == (2, "", f"ERROR:{error}\n")


@pytest.mark.parametrize("verb", ["status", "heal"])
def test_with_strict_nothing_may_be_unresolved(verb: str, north: VaultCommand) -> None:
    (north.command.folder / "templates" / "broken.yaml").write_text(BROKEN)
    result = north.command("vault", verb, "Burgos", "--templates", "templates", "--strict")
    assert (result.code, result.errors) == (2, ["ERROR:1 entry of templates is unresolved, and --strict is given"])
    assert len(result.warnings) == 1


@pytest.mark.parametrize("verb", ["status", "heal"])
def test_a_shelf_of_another_source_is_refused(verb: str, north: VaultCommand) -> None:
    north.back_up({1: {"name": "good"}})
    result = north.command("vault", verb, "Burgos", "--templates", "templates")
    assert (result.code, "is bound to another source" in result.err) == (2, True)
    assert "glancesync vault backup --rebind binds it anew" in result.err


def test_an_embedded_federation_has_no_bytes_to_heal_with(north: VaultCommand) -> None:
    for words in (["--dry-run"], ["--dry-run", "--tag", "nothing to back up"], []):
        result = north.command("vault", "heal", "Burgos", "--templates", "templates", "--lists", "lists", *words)
        assert (result.code, "has no bytes" in result.err) == (2, True)
        assert not (north.command.folder / "lists").exists()


def test_all_is_not_well_while_an_entry_is_unresolved(north: VaultCommand) -> None:
    (north.command.folder / "templates" / "broken.yaml").write_text(BROKEN)
    with mail_server() as server:
        words = ["--config", "notify.smtp_host=127.0.0.1", "--config", f"notify.smtp_port={server.port}"]
        words += ["--config", "notify.sender=sync@example.org", "--config", "notify.receivers=ops@example.org"]
        words += ["--templates", "templates", "--tag", "old", "--mail"]
        assert north.command("vault", "status", "Burgos", *words).code == 0
        assert server.received[0].message["Subject"] == "Images of Burgos: 1 unresolved"
        text = server.received[0].body("plain")
    assert "0 images that templates need are there; 1 entry of templates is unresolved" in text
    assert "well" not in text


def test_what_is_not_well_is_mailed(north: VaultCommand) -> None:
    words = ("vault", "status", "Burgos", "--templates", "templates", "--mail")
    with mail_server() as server:
        notify = {
            "smtp_host": "127.0.0.1", "smtp_port": str(server.port), "sender": "sync@example.org",
            "receivers": "ops@example.org",
        }  # fmt: skip
        options = [word for key, value in notify.items() for word in ("--config", f"notify.{key}={value}")]
        assert north.command(*words, *options).code == 4
        assert [mail.message["Subject"] for mail in server.received] == ["Images of Burgos: 1 ALERT, 1 bkpMissing"]
        assert "  nowhere (templates/stack.yaml:4)" in server.received[0].body("plain")
        good = ("--tag", "old")
        assert (north.command(*words, *options, *good).code, len(server.received)) == (0, 1)
        assert north.command(*words, *options, *good, "--config", "notify.notify_always=yes").code == 0
        assert server.received[1].message["Subject"] == "Images of Burgos: all is well"
        assert north.command(*words, *options, "--tag", "typo").code == 3
        assert server.received[2].message["Subject"] == "Images of Burgos: nothing is compared"
    result = north.command(*words, *options)
    assert (result.code, "127.0.0.1" in result.err) == (1, True)


def test_mail_needs_a_sender_and_receivers(north: VaultCommand) -> None:
    result = north.command("vault", "status", "Burgos", "--templates", "templates", "--mail")
    assert (result.code, result.out) == (2, "")
    assert "sender and receivers in the section [notify]" in result.err


def test_removals_need_a_scope_or_a_tag(north: VaultCommand) -> None:
    result = north.command("vault", "heal", "Burgos", "--templates", "templates", "--delete")
    assert result.code == 2
    assert "--delete needs --scope PATTERN, or a tag" in result.err


@pytest.mark.parametrize(
    ("uuid", "named"),
    [("x", "x is no UUID"), ("aaaaaaaa-0000-4000-8000-000000000000", "remembers that image aaaaaaaa-")],
)
def test_what_was_not_hidden_is_not_undeleted(uuid: str, named: str, north: VaultCommand) -> None:
    result = north.command("vault", "undelete", uuid)
    assert (result.code, result.out) == (2, "")
    assert named in result.err
