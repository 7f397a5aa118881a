"""From the words of the command line to the body of the request."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.api.schemas import SyncBody
from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.settings import Decision, DecisionAction
from fiwareglancesync.remote.request_body import request_body


def options(*words: str) -> dict[str, Any]:
    """What becomes of options."""
    return dict(request_body(dry_run=False, images=[], config=words)["config"])


def test_the_usual_needs_no_body() -> None:
    assert request_body(dry_run=False, images=[], config=[]) == {}


def test_everything_that_is_wanted_is_said_as_the_server_reads_it() -> None:
    wanted = request_body(dry_run=True, images=["a*"], config=["replace=x,any", "only_tenant_images=no"])
    assert wanted == {"dryRun": True, "images": ["a*"], "config": {"replace": "x,any", "only_tenant_images": False}}
    request = SyncBody.model_validate(wanted).request()
    assert (request.dry_run, request.images) == (True, ("a*",))
    assert request.config == {"replace": "x,any", "only_tenant_images": "False"}


def test_decisions_are_said_as_the_server_reads_them() -> None:
    words = ["a=b:c=ABC:replace", "other=x:rename"]
    wanted = request_body(dry_run=False, images=[], config=["dontupdate=x"], replace_lists=True, decisions=words)
    assert wanted == {
        "config": {"dontupdate": "x"},
        "replaceLists": True,
        "decisions": {
            "a=b:c": {"checksum": "ABC", "action": "replace"},
            "other": {"checksum": "x", "action": "rename"},
        },
    }
    request = SyncBody.model_validate(wanted).request()
    assert request.replace_lists
    assert request.decisions["a=b:c"] == Decision("abc", DecisionAction.REPLACE)


@pytest.mark.parametrize("word", ["a", "a=x", "a=x:delete", "=x:replace", "a=:replace", "x:replace", "a=x:"])
def test_a_decision_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UsageError) as refused:
        request_body(dry_run=False, images=[], config=[], decisions=[word])
    expected = "expected NAME=CHECKSUM:ACTION, ACTION being replace or rename or dontupdate"
    assert str(refused.value) == f"--decide {word}: {expected}"


def test_of_an_image_there_is_one_decision() -> None:
    with pytest.raises(UsageError, match="there is another decision about image a"):
        request_body(dry_run=False, images=[], config=[], decisions=["a=x:replace", "a=y:rename"])


def test_values_may_hold_anything() -> None:
    assert options("Metadata_Condition = image['a'] == 'b=c'") == {"metadata_condition": "image['a'] == 'b=c'"}


def test_an_option_that_is_not_known_here_is_for_the_server_to_judge() -> None:
    assert options("brand_new=True") == {"brand_new": "True"}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("master.replace=any", "write replace=…: it is for the target of each region that is named"),
        ("support_obsolete_images=perhaps", "expected True or False"),
    ],
)
def test_what_cannot_be_meant_is_refused(word: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        options(word)
    assert str(refused.value) == f"--config {word}: {says}"
