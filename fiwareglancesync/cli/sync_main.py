"""The beginning of a synchronisation: mistakes and ``--help`` are answered before anything is loaded."""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Iterator, Sequence

from ..base.errors import ConfigError
from ..terminal.streams import log_requests
from ..terminal.suggestions import advice
from .sync_arguments import parse_arguments

GC_THRESHOLD = 50_000
"""New objects between two looks for cycles of them; Python's own 700 is for programs that make many."""


def main(words: Sequence[str], prog: str) -> int:
    """Carry one call out.

    :param words: without the program itself
    :param prog: how the user called it
    :return: the exit code (sync 1.2)
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    options = parse_arguments(words, prog)
    # Only now, so that --help and mistakes are answered at once.
    from ..base.signals import cancellable
    from ..images.configuration import check_targets, load_settings
    from ..images.places.factory import EMBEDDED, open_federation
    from ..images.region_names import RegionRef
    from ..terminal.streams import reconfigure_output
    from .sync_command import Command

    reconfigure_output()
    _collect_garbage_seldom()
    if options.debug:
        log_requests()
    with cancellable():
        overrides = list(options.config)
        if options.transfer:
            overrides.append(f"main.transfer={options.transfer}")
        embedded = bool(os.environ.get(EMBEDDED))
        try:
            settings = load_settings(options.conf, overrides, os.environ, mock=embedded, os_cloud=options.os_cloud)
            check_targets(settings, (RegionRef.parse(word).target for word in options.regions))
        except ConfigError as error:
            error.problems += [f"{word}: is read as the name of a region; {meant}" for word, meant in _meant(options)]
            raise
        return Command(options, settings, open_federation(settings, os.environ)).run()


def _meant(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """What those may have meant who named a region that looks like a command: they may have no configuration yet."""
    for word in options.regions:
        meant = advice(word, ())
        if meant is not None:
            yield word, meant


def _collect_garbage_seldom() -> None:
    """Plans are millions of small values without cycles; looking for some all the time is a fifth of the work."""
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)


