"""The body of a request for a synchronisation, made from the words of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..base.errors import UsageError
from ..config.values import BOOLEAN, parse_boolean
from ..images.settings import DecisionAction
from ..kinds import option_tables

ACTIONS = tuple(action.value for action in DecisionAction)


def request_body(
    *,
    dry_run: bool,
    images: Sequence[str],
    config: Sequence[str],
    replace_lists: bool = False,
    decisions: Sequence[str] = (),
) -> dict[str, Any]:
    """The body of the request, without what has its default.

    The server checks which options may be set: it may be newer than this program.

    :param dry_run: only report what would be done
    :param images: patterns that choose images
    :param config: words ``KEY=VALUE``
    :param replace_lists: let lists in ``config`` drop configured entries
    :param decisions: words ``NAME=CHECKSUM:ACTION``
    :raises UsageError: one of the words is wrong
    """
    wanted: dict[str, Any] = {}
    if dry_run:
        wanted["dryRun"] = True
    if images:
        wanted["images"] = list(images)
    if config:
        wanted["config"] = dict(map(_option, config))
    if replace_lists:
        wanted["replaceLists"] = True
    if decisions:
        wanted["decisions"] = _decisions(decisions)
    return wanted


def _decisions(words: Sequence[str]) -> dict[str, dict[str, str]]:
    decided: dict[str, dict[str, str]] = {}
    for word in words:
        name, equals, decision = word.rpartition("=")  # the name of an image may hold any character
        checksum, colon, action = decision.rpartition(":")
        if not (name and equals and checksum and colon) or action not in ACTIONS:
            raise UsageError(f"--decide {word}: expected NAME=CHECKSUM:ACTION, ACTION being {' or '.join(ACTIONS)}")
        if name in decided:
            raise UsageError(f"--decide {word}: there is another decision about image {name}")
        decided[name] = {"checksum": checksum, "action": action}
    return decided


def _option(word: str) -> tuple[str, str | bool]:
    name, _, value = word.partition("=")
    key = name.strip().lower()
    if "." in key:
        short = key.rpartition(".")[2]
        raise UsageError(f"--config {word}: write {short}=…: it is for the target of each region that is named")
    option = option_tables().target_keys.get(key)
    if option is None or option.kind is not BOOLEAN:
        return key, value.strip()
    try:
        return key, parse_boolean(value)
    except ValueError as error:
        raise UsageError(f"--config {word}: expected {BOOLEAN.expected}") from error
