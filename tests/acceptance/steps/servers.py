"""What the servers were asked, and what happens when one is down."""

from __future__ import annotations

from urllib.parse import urlsplit

from behave import given, then, use_step_matcher
from behave.runner import Context

from tests.acceptance.helpers.scenario_state import ScenarioState

use_step_matcher("re")

SIGN_IN = "/v3/auth/tokens"
LISTING = "/v2/images"
DISCOVERIES = {("GET", ""), ("GET", "/v3")}
SENT = "DEBUG:"


@given(r"the Glance of (?P<region>\w+) is down")
def step_down(context: Context, region: str) -> None:
    """Stop a server until the end of the scenario."""
    context.add_cleanup(context.cloud.command, "start", region)
    context.cloud.command("stop", region)


@then(r"no region was written to")
def step_no_writes(context: Context) -> None:
    """No Glance was asked to change anything during the last run."""
    scenario: ScenarioState = context.state
    for region in scenario.cloud.regions:
        writes = [r for r in scenario.cloud.requests(region, scenario.outcome.marks[region]) if r.writes]
        assert not writes, f"{region}: {writes}"


@then(r"(?P<regions>.+) (?:was|were) not contacted")
def step_not_contacted(context: Context, regions: str) -> None:
    """Servers that heard nothing during the last run."""
    scenario: ScenarioState = context.state
    for region in regions.replace(" and ", ", ").split(", "):
        asked = scenario.cloud.requests(region, scenario.outcome.marks[region])
        assert not asked, f"{region}: {asked}"


@then(r"each Glance of (?P<regions>.+) was asked for listings alone")
def step_listings(context: Context, regions: str) -> None:
    """All that Glance was asked is lists of images."""
    scenario: ScenarioState = context.state
    for region in regions.replace(" and ", ", ").split(", "):
        asked = scenario.cloud.requests(region, scenario.outcome.marks[region])
        assert asked, f"{region} was not asked for anything"
        others = [r for r in asked if r.method != "GET" or urlsplit(r.uri).path != LISTING]
        assert not others, f"{region}: {others}"
        assert len({r.uri for r in asked}) == len(asked), f"{region} was asked twice for the same: {asked}"


@then(r"it signed in (?P<number>once|twice) and sent Keystone nothing else but discoveries")
def step_signed_in(context: Context, number: str) -> None:
    """What ``--debug`` prints of the requests to Keystone: at most one discovery for each token."""
    tokens = {"once": 1, "twice": 2}[number]
    lines = [line for line in context.state.outcome.stderr.splitlines() if line.startswith(SENT)]
    sent = [line.removeprefix(SENT).split()[0:2] for line in lines]
    requests = [(method, urlsplit(url.rstrip(":")).path.rstrip("/")) for method, url in sent]
    to_keystone = [(method, path) for method, path in requests if (method, path) != ("GET", LISTING)]
    assert to_keystone.count(("POST", SIGN_IN)) == tokens, requests
    others = [request for request in to_keystone if request != ("POST", SIGN_IN)]
    assert set(others) <= DISCOVERIES, requests
    assert len(others) <= tokens, requests
