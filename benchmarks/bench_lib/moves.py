"""Runs of the program that move images, and what their event streams report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measure import Command, Failed, Spent, run, run_together
from .setting import Setting

MOVES = ("upload", "replace", "rename")


@dataclass(frozen=True)
class Move:
    """One image on its way into one region.

    :param seconds: from its creation to the drop of its journal
    """

    image: str
    region: str
    way: str
    seconds: float


@dataclass(frozen=True)
class Synchronised:
    """A run and the moves that it made."""

    spent: Spent
    moves: tuple[Move, ...]


def command(setting: Setting, environ: Mapping[str, str], words: Sequence[str], number: int = 0) -> Command:
    """The program as a command that writes its events.

    :param words: regions and options
    :param number: distinguishes runs at the same time
    """
    return setting.sync(environ, *words, "--events", str(_events(setting, number)), output=f"stdout-{number}")


def synchronise(setting: Setting, environ: Mapping[str, str], *words: str) -> Synchronised:
    """Run the program.

    :raises Failed: it fails
    """
    spent = run(command(setting, environ, words))
    return Synchronised(spent, moves(setting))


def synchronise_together(
    setting: Setting, environ: Mapping[str, str], every: Sequence[Sequence[str]], apart: float
) -> list[Synchronised]:
    """Run the program several times at once.

    :param every: the arguments of each
    :param apart: seconds between their starts
    """
    spent = run_together([command(setting, environ, words, number) for number, words in enumerate(every)], apart)
    return [Synchronised(each, moves(setting, number)) for number, each in enumerate(spent)]


def moves(setting: Setting, number: int = 0) -> tuple[Move, ...]:
    """What the latest run moved."""
    begun: dict[tuple[str, str], float] = {}
    found = []
    for event in _read(_events(setting, number)):
        key = (event.get("region", ""), event.get("image", ""))
        if event.get("action") not in MOVES:
            continue
        if event["kind"] == "started":
            begun[key] = event["time"]
        elif event["kind"] == "done":
            found.append(Move(key[1], key[0], event.get("way", ""), event["time"] - begun[key]))
        elif event["kind"] == "failed":
            raise Failed(f"{key[0]}: {key[1]}: {event.get('message')}")
    return tuple(found)


def expect_moves(done: Synchronised, count: int) -> None:
    """Make sure that everything was moved.

    :raises Failed: it was not
    """
    if len(done.moves) != count:
        raise Failed(f"{count} images were to be moved, {len(done.moves)} were")


def expect_way(done: Synchronised, way: str, count: int) -> None:
    """Make sure that what was measured is what was meant.

    :raises Failed: another way was taken, or not everything was moved
    """
    expect_moves(done, count)
    ways = [move.way for move in done.moves]
    if ways != [way] * count:
        raise Failed(f"{count} images were to be moved by the way {way}; moved: {ways}")


def not_there(setting: Setting, environ: Mapping[str, str], way: str, region: str) -> str | None:
    """Why the program does not know a way (yet); None when it does."""
    try:
        run(setting.sync(environ, region, "--dry-run", "--transfer", way))
    except Failed as error:
        if "is not there yet" in str(error):
            return str(error).rpartition("ERROR:")[2].strip()
        raise
    return None


def _events(setting: Setting, number: int) -> Path:
    return setting.work / f"events-{number}.jsonl"


def _read(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
