"""What happens around the scenarios: the development cloud is found, and each begins with empty regions."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from behave import fixture, use_fixture
from behave.model import Scenario
from behave.runner import Context

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.acceptance.helpers.cloud import DevelopmentCloud, NoCloud
from tests.acceptance.helpers.scenario_state import ScenarioState, emptied
from tests.acceptance.helpers.server import Server, running_server, service_account
from tests.acceptance.helpers.store import Store


def before_all(context: Context) -> None:
    """Find the development cloud."""
    try:
        context.cloud = DevelopmentCloud.of_the_environment()
        stores = {region: Store(context.cloud, region) for region in context.cloud.regions}
        # One after the other: a Keystone that has just started refuses tokens when its first callers come together.
        held = sum(len(store.listing()) for store in stores.values())
        if held and not context.cloud.named:
            raise NoCloud(
                f"The development cloud in {context.cloud.folder} holds {held} images, which these tests would remove."
                " Name it in GLANCESYNC_DEVCLOUD_DIR if they may, or start another one there with: scripts/devcloud up"
            )
    except NoCloud as error:
        # A traceback would bury the one line that says what to do.
        print(f"ERROR: {error}", file=sys.stderr)
        context.abort(reason=str(error))
        return
    context.stores = stores


@fixture
def server(context: Context) -> Iterator[Server]:
    """A REST server for a whole feature."""
    with (
        tempfile.TemporaryDirectory(prefix="glancesync-acceptance-") as folder,
        running_server(context.cloud, Path(folder), service_account(context.cloud)) as running,
    ):
        context.server = running
        yield running


def before_tag(context: Context, tag: str) -> None:
    """Start what a feature says that it needs."""
    if tag == "fixture.server":
        use_fixture(server, context)


def before_scenario(context: Context, scenario: Scenario) -> None:
    """Empty the regions, and give the program a folder and a configuration of its own."""
    emptied(context.stores)
    context.temporary = tempfile.TemporaryDirectory(prefix="glancesync-acceptance-")
    context.state = ScenarioState(context.cloud, context.stores, Path(context.temporary.name))


def after_scenario(context: Context, scenario: Scenario) -> None:
    """Remove what the program wrote; of a failed scenario the last run is printed."""
    if scenario.status.has_failed() and context.state.outcomes:
        print(context.state.outcome)
    context.temporary.cleanup()


def after_all(context: Context) -> None:
    """Leave the regions empty; those that were not ours to empty are left alone."""
    if "stores" in context:
        emptied(context.stores)

