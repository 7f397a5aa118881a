"""What is wanted of a synchronisation, from the words of the command line to the body of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..config.options import BY_TARGET_KEY
from ..config.values import BOOLEAN, parse_boolean
from ..errors import UsageError


def wish(*, dry_run: bool, images: Sequence[str], config: Sequence[str]) -> dict[str, Any]:
    """The body of the request; only what is not the usual is in it.

    Which options may be set is for the server to say: it may be newer than this program.

    :param dry_run: only tell what would be done
    :param images: patterns that choose images
    :param config: words ``KEY=VALUE``
    :raises UsageError: one of the words cannot be meant
    """
    wanted: dict[str, Any] = {}
    if dry_run:
        wanted["dryRun"] = True
    if images:
        wanted["images"] = list(images)
    if config:
        wanted["config"] = dict(map(_option, config))
    return wanted


def _option(word: str) -> tuple[str, str | bool]:
    name, _, value = word.partition("=")
    key = name.strip().lower()
    if "." in key:
        short = key.rpartition(".")[2]
        raise UsageError(f"--config {word}: write {short}=…: it is for the target of each region that is named")
    option = BY_TARGET_KEY.get(key)
    if option is None or option.kind is not BOOLEAN:
        return key, value.strip()
    try:
        return key, parse_boolean(value)
    except ValueError as error:
        raise UsageError(f"--config {word}: expected {BOOLEAN.expected}") from error
