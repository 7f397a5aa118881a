"""What is in the regions, before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from behave import given, then, use_step_matcher, when
from behave.runner import Context

from tests.acceptance.helpers.cloud import OURS
from tests.acceptance.helpers.scenario_state import ScenarioState, properties_of
from tests.acceptance.helpers.store import Given, Seen

JOURNAL = "glancesync_pending"

COLUMNS: Mapping[str, Callable[[Seen], str]] = {
    "name": lambda image: image.name,
    "content": lambda image: image.content,
    "visibility": lambda image: image.visibility,
    "owner": lambda image: image.owner,
    "status": lambda image: image.status,
    "format": lambda image: image.form,
    "protected": lambda image: _yes(image.protected),
    "hidden": lambda image: _yes(image.hidden),
    "min_disk": lambda image: str(image.min_disk),
    "min_ram": lambda image: str(image.min_ram),
    "tags": lambda image: ", ".join(image.tags),
    "uuid": lambda image: image.id,
    "properties": lambda image: _joined(image.properties),
}
"""What a table of images can contain, and how an image shows it."""

ATTRIBUTES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "protected": ("protected", lambda cell: cell == "yes"),
    "hidden": ("os_hidden", lambda cell: cell == "yes"),
    "min_disk": ("min_disk", int),
    "min_ram": ("min_ram", int),
    "tags": ("tags", lambda cell: cell.split(", ")),
}

use_step_matcher("re")

PLACE = r"(?P<place>the master|\S+)"
ONE_IMAGE = (
    r'(?P<visibility>public|private|shared|community) image "(?P<name>[^"]*)" with content "(?P<content>[^"]*)"'
    r'(?: and properties "(?P<properties>[^"]*)")?'
)


@given(rf"{PLACE} has an? {ONE_IMAGE}")
def step_one_image(
    context: Context, place: str, visibility: str, name: str, content: str, properties: str | None
) -> None:
    """Make an image."""
    scenario: ScenarioState = context.state
    held = properties_of(scenario.filled(properties or ""))
    scenario.add(place, Given(name, content, visibility, properties=held))


@given(rf"{PLACE} has the images")
def step_images(context: Context, place: str) -> None:
    """Make the images of a table, in its order."""
    assert set(context.table.headings) <= set(COLUMNS), context.table.headings
    for row in context.table:
        context.state.add(place, _given(context.state, row.as_dict()))


@given(rf"{PLACE} has (?P<number>[0-9]+) public images whose contents are (?P<size>[0-9]+)K and larger")
def step_many_images(context: Context, place: str, number: str, size: str) -> None:
    """Make images ``image-1`` …, each larger than the one before."""
    for count in range(1, int(number) + 1):
        name = f"image-{count}"
        context.state.add(place, Given(name, f"{name}/{int(size) * count}K", properties={"nid": str(count)}))


@when(rf'the properties of the image "(?P<name>[^"]*)" of {PLACE} become "(?P<properties>[^"]*)"')
def step_change(context: Context, place: str, name: str, properties: str) -> None:
    """Change an image between two runs."""
    scenario: ScenarioState = context.state
    image = _only(scenario, place, name)
    wanted = properties_of(scenario.filled(properties))
    removed = [key for key in image.properties if key not in wanted]
    scenario.store(place).change(image.id, removed, **wanted)


@then(rf"{PLACE} has exactly these images")
def step_exactly(context: Context, place: str) -> None:
    """Compare a region with a table: every image that anybody has there, and the bytes of each."""
    scenario: ScenarioState = context.state
    headings = list(context.table.headings)
    assert set(headings) <= set(COLUMNS), headings
    images = scenario.store(place).seen()
    wanted = sorted([_expected(scenario, heading, row[heading]) for heading in headings] for row in context.table)
    found = sorted([COLUMNS[heading](image) for heading in headings] for image in images)
    assert found == wanted, _difference(headings, wanted, found)
    _assert_no_journal(images)


@then(rf"{PLACE} has exactly (?P<which>the old image|the new image|both, the old one aside)")
def step_conflict(context: Context, place: str, which: str) -> None:
    """The image ``base`` with the content ``old`` or ``new``, after a conflict."""
    scenario: ScenarioState = context.state
    old_uuid = scenario.filled("{first uuid of base in " + place + "}")
    old = ("base", "old", "public", {"nid": "1", "local": "1"}, True)
    new = ("base", "new", "public", {"nid": "1"}, False)
    aside = ("base.old", "old", "private", {"nid": "1", "local": "1"}, True)
    wanted = {"the old image": [old], "the new image": [new], "both, the old one aside": [new, aside]}[which]
    found = sorted(
        (image.name, image.content, image.visibility, dict(image.properties), image.id == old_uuid)
        for image in scenario.store(place).seen()
    )
    assert found == wanted, found


@then(rf"{PLACE} has no images")
def step_none(context: Context, place: str) -> None:
    """Nobody has an image there."""
    images = context.state.store(place).seen()
    assert not images, images


@then(rf'{PLACE} has exactly one image "(?P<name>[^"]*)" with the master\'s bytes')
def step_masters_bytes(context: Context, place: str, name: str) -> None:
    """Compare two images byte for byte."""
    here, there = (_only(context.state, where, name) for where in (place, "the master"))
    assert here.content == there.content, f"{place} has {here.content}, the master {there.content}"
    assert here.status == "active", here.status


@then(rf"{PLACE} has the master's images, byte for byte, with their properties")
def step_masters_images(context: Context, place: str) -> None:
    """Compare everything that both regions return."""
    headings = [heading for heading in COLUMNS if heading != "uuid"]
    here, there = (
        sorted([COLUMNS[heading](image) for heading in headings] for image in context.state.store(where).seen())
        for where in (place, "the master")
    )
    assert here == there, _difference(headings, there, here)


@then(rf'the image "(?P<name>[^"]*)" of {PLACE} has the properties "(?P<properties>[^"]*)"')
def step_properties(context: Context, place: str, name: str, properties: str) -> None:
    """Compare all properties of one image."""
    found = dict(_only(context.state, place, name).properties)
    wanted = properties_of(context.state.filled(properties))
    assert found == wanted, f"it has {_joined(found)}"


@then(rf'the image "(?P<name>[^"]*)" of {PLACE} is still the one with the UUID "(?P<uuid>[^"]*)"')
def step_same_uuid(context: Context, place: str, name: str, uuid: str) -> None:
    """The image was changed, not made anew."""
    assert _only(context.state, place, name).id == context.state.filled(uuid)


def _given(scenario: ScenarioState, row: Mapping[str, str]) -> Given:
    attributes = {ATTRIBUTES[key][0]: ATTRIBUTES[key][1](row[key]) for key in ATTRIBUTES if row.get(key)}
    return Given(
        # A table cannot hold a name that is not there.
        name=row["name"] or None,
        content=row["content"],
        visibility=row.get("visibility") or "public",
        owner=row.get("owner") or OURS,
        status=row.get("status") or ("queued" if row["content"] == "-" else "active"),
        form=row.get("format") or "raw",
        properties=properties_of(scenario.filled(row.get("properties", ""))),
        attributes=attributes,
    )


def _only(scenario: ScenarioState, place: str, name: str) -> Seen:
    images = [image for image in scenario.store(place).seen() if image.name == name]
    assert len(images) == 1, f"{place} has {len(images)} images {name}, not one"
    return images[0]


def _expected(scenario: ScenarioState, heading: str, cell: str) -> str:
    filled = scenario.filled(cell)
    return _joined(properties_of(filled)) if heading == "properties" else filled


def _joined(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(properties.items()))


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _assert_no_journal(images: Sequence[Seen]) -> None:
    unfinished = [image.name for image in images if JOURNAL in image.properties]
    assert not unfinished, f"{', '.join(unfinished)} still have the property {JOURNAL}"


def _difference(headings: Sequence[str], wanted: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(headings)]
    lines += ["missing: " + " | ".join(row) for row in wanted if row not in found]
    lines += ["there:   " + " | ".join(row) for row in found if row not in wanted]
    return "\n".join(lines if len(lines) > 1 else [*lines, f"{len(found)} images, not {len(wanted)}"])
