"""What the servers were asked, and what happens when one is down."""

from __future__ import annotations

from urllib.parse import urlsplit

from behave import given, then, use_step_matcher
from behave.runner import Context

from tests.acceptance.helpers.world import World

use_step_matcher("re")

SIGN_IN = "/v3/auth/tokens"
SENT = "DEBUG:"


@given(r"the Glance of (?P<region>\w+) is down")
def step_down(context: Context, region: str) -> None:
    """Stop a server until the end of the scenario."""
    context.add_cleanup(context.cloud.command, "start", region)
    context.cloud.command("stop", region)


@then(r"no region was written to")
def step_no_writes(context: Context) -> None:
    """No Glance was asked to change anything during the last run."""
    world: World = context.world
    for region in world.cloud.regions:
        writes = [r for r in world.cloud.requests(region, world.outcome.marks[region]) if r.writes]
        assert not writes, f"{region}: {writes}"


@then(r"(?P<regions>.+) (?:was|were) not contacted")
def step_not_contacted(context: Context, regions: str) -> None:
    """Servers that heard nothing during the last run."""
    world: World = context.world
    for region in regions.replace(" and ", ", ").split(", "):
        asked = world.cloud.requests(region, world.outcome.marks[region])
        assert not asked, f"{region}: {asked}"


@then(r"each Glance of (?P<regions>.+) was asked for listings alone")
def step_listings(context: Context, regions: str) -> None:
    """All that Glance was asked is lists of images."""
    world: World = context.world
    for region in regions.replace(" and ", ", ").split(", "):
        asked = world.cloud.requests(region, world.outcome.marks[region])
        assert asked, f"{region} was not asked for anything"
        others = [r for r in asked if r.method != "GET" or urlsplit(r.uri).path != "/v2/images"]
        assert not others, f"{region}: {others}"
        assert len({r.uri for r in asked}) == len(asked), f"{region} was asked twice for the same: {asked}"


@then(r"it signed in (?P<number>once|twice) and sent nothing else to Keystone but as many discoveries")
def step_signed_in(context: Context, number: str) -> None:
    """What ``--debug`` tells of the requests to Keystone."""
    wanted = {"once": 1, "twice": 2}[number]
    sent = [line.split()[0:3] for line in context.world.outcome.stderr.splitlines() if line.startswith(SENT)]
    requests = [(words[0].removeprefix(SENT), urlsplit(words[1]).path) for words in sent]
    to_keystone = [(method, path) for method, path in requests if path != "/v2/images"]
    tokens = to_keystone.count(("POST", SIGN_IN))
    discoveries = [path for method, path in to_keystone if method == "GET" and path.strip("/") in ("", "v3")]
    assert tokens == wanted, to_keystone
    assert len(discoveries) == wanted, to_keystone
    assert len(to_keystone) == 2 * wanted, to_keystone
