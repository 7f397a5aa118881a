"""The program can be used by programs."""

from __future__ import annotations

from pathlib import Path

import pytest

import fiwareglancesync
from fiwareglancesync import GlanceSync
from fiwareglancesync.base.errors import ConfigError, UnknownRegion, UsageError
from fiwareglancesync.base.messages import Message
from fiwareglancesync.events import Done, Event, MessageReported, Waiting
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.places.embedded.loader import load
from fiwareglancesync.images.settings import Decision, DecisionAction
from tests.support.events import of_type
from tests.support.scripted_server import Answer, ScriptedServer, token_answer


@pytest.fixture
def example(tmp_path: Path, root: Path) -> GlanceSync:
    """The federation of the example, loaded anew."""
    examples = root / "examples" / "embedded"
    load(examples, tmp_path / "federation", replace=False)
    environ = {"GLANCESYNC_MOCKPERSISTENT_PATH": str(tmp_path / "federation")}
    return GlanceSync(str(examples / "glancesync.conf"), environ=environ)


def test_it_knows_the_regions(example: GlanceSync) -> None:
    with example:
        assert example.regions() == ["Burgos", "Caceres", "Spain", "federation2:Madrid"]


def test_a_synchronised_region_has_nothing_pending(example: GlanceSync) -> None:
    with example:
        before = example.status("Burgos")
        assert any(row.status.pending for row in before)
        reported: list[Event] = []
        (dry,) = example.synchronise("Burgos", dry_run=True, emit=reported.append)
        assert not dry.in_step
        assert example.status("Burgos") == before
        (outcome,) = example.synchronise("Burgos", emit=reported.append)
        assert not outcome.failed
        assert {row.status for row in example.status("Burgos")} == {SyncStatus.OK}
        assert of_type(Done, reported)


def test_a_decision_settles_a_conflict_in_one_run(example: GlanceSync) -> None:
    name, checksum = "base_ubuntu_22.04", "10443d63e75d7150d52fda5b2a7d0497"

    def status() -> SyncStatus:
        (found,) = [row.status for row in example.status("Caceres") if row.image == name]
        return found

    with example:
        for decision in (Decision(checksum, DecisionAction.REPLACE), [Decision("x", DecisionAction.RENAME)]):
            (dry,) = example.synchronise("Caceres", dry_run=True, decisions={name: decision})
            assert dry.undecided == (0 if isinstance(decision, Decision) else 1)
        assert status() is SyncStatus.ERROR_CHECKSUM
        (outcome,) = example.synchronise("Caceres", decisions={name: Decision(checksum, DecisionAction.REPLACE)})
        assert (outcome.failed, outcome.undecided) == (False, 0)
        assert status() is SyncStatus.OK


def test_a_region_that_cannot_be_asked_is_an_error(example: GlanceSync) -> None:
    with example, pytest.raises(UnknownRegion, match="Nowhere: unknown region"):
        example.status("Burgos", "Nowhere")


def test_an_unknown_region_fails_and_the_others_are_done(example: GlanceSync) -> None:
    with example:
        reported: list[Event] = []
        unknown, burgos = example.synchronise("Burgos", "Burgso", emit=reported.append)
        assert (unknown.region, burgos.region) == ("Burgso", "Burgos")
        assert (unknown.error or "").endswith("; did you mean Burgos?")
        assert not burgos.failed
        first = reported[0]
        assert isinstance(first, MessageReported)
        assert (first.region, first.message.text) == ("Burgso", unknown.error)
        (alone,) = example.synchronise("Burgso")
        assert alone.failed


@pytest.mark.parametrize("word", ["otehr:Madrid", "otehr:", "--dry-run"])
def test_a_name_that_cannot_be_meant_is_an_error_before_anything_is_done(example: GlanceSync, word: str) -> None:
    with example:
        before = example.status("Burgos")
        with pytest.raises(UsageError):
            example.synchronise("Burgos", word)
        assert example.status("Burgos") == before


def test_a_service_that_refuses_for_now_is_waited_for_and_that_is_an_event(tmp_path: Path) -> None:
    conf = tmp_path / "glancesync.conf"
    conf.write_text("[main]\nmaster_region = Spain\n[master]\nretry_timeout = 1min\n")
    cloud = ScriptedServer()
    cloud.on("POST", "/v3/auth/tokens", token_answer({name: f"{cloud.url}/{name}" for name in ("Spain", "Burgos")}))
    busy = Answer(429, {"message": "Slow down."}, headers={"Retry-After": "1"})
    for region in ("Spain", "Burgos"):
        cloud.on("GET", f"/{region}/v2/images", busy, Answer(200, {"images": []}))
    environ = {
        "OS_AUTH_URL": f"{cloud.url}/v3",
        "OS_USERNAME": "carla",
        "OS_PASSWORD": "secret",
        "OS_PROJECT_NAME": "project",
    }
    reported: list[Event] = []
    with cloud.running(), GlanceSync(str(conf), environ=environ) as example:
        (outcome,) = example.synchronise("Burgos", emit=reported.append)
    assert not outcome.failed
    waits = [(event.region, event.seconds, event.message) for event in of_type(Waiting, reported)]
    text = "Glance: Slow down. (HTTP 429); waiting 1s, as it asks"
    assert waits == [(region, 1.0, Message.warning(f"{region}: {text}")) for region in ("Spain", "Burgos")]


def test_a_wrong_configuration_is_an_error() -> None:
    with pytest.raises(ConfigError, match="missing"):
        GlanceSync(environ={})


def test_the_package_offers_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fiwareglancesync.nothing
