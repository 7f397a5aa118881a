"""What the steps of a scenario share: the regions, the program, and the names that its sentences use."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .cloud import MASTER, DevelopmentCloud
from .contents import digest
from .program import Outcome, Program
from .store import Given, Store

REFERENCE = re.compile(r"\{([^{}\n]+)\}")
ORDINALS = {"first": 0, "second": 1, "third": 2}


class ScenarioState:
    """One scenario.

    :param cloud: the development cloud
    :param stores: region → its images
    :param folder: an empty folder for the program
    """

    def __init__(self, cloud: DevelopmentCloud, stores: Mapping[str, Store], folder: Path) -> None:
        self.cloud = cloud
        self.program = Program(cloud, folder)
        self.outcomes: list[Outcome] = []
        self._stores = stores
        self._given: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        self._references: Sequence[tuple[re.Pattern[str], Callable[..., str]]] = (
            (re.compile(r"uuid of (.+?)(?: in (\w+))?"), self._present_uuid),
            (re.compile(r"(first|second|third) uuid of (.+?)(?: in (\w+))?"), self._given_uuid),
            (re.compile(r"(md5|sha512) of (.+)"), lambda algorithm, label: digest(label, algorithm)),
            (re.compile(r"project of (\w+)(?: in (\w+))?"), lambda who, target: cloud.project(who, target or "master")),
            (re.compile(r"password of (\w+)"), cloud.password),
            (re.compile(r"url of (\w+)"), cloud.url),
            (re.compile(r"folder"), lambda: str(folder)),
        )

    @property
    def outcome(self) -> Outcome:
        """What came of the last run."""
        assert self.outcomes, "nothing was run yet"
        return self.outcomes[-1]

    def store(self, place: str) -> Store:
        """The images of a place that a sentence names.

        :param place: ``the master``, or a region with or without its target
        """
        region = MASTER if place == "the master" else place.rpartition(":")[2]
        assert region in self._stores, f"{place} is no region; there are {', '.join(self._stores)}"
        return self._stores[region]

    def add(self, place: str, given: Given) -> None:
        """Make an image and remember its UUID."""
        store = self.store(place)
        self._given[store.region, given.name].append(store.add(given))

    def run(self, command: str) -> None:
        """Run the program; the command may hold references."""
        self.outcomes.append(self.program.run(self.filled(command, quoted=True)))

    def filled(self, text: str, *, quoted: bool = False) -> str:
        """Replace the references in braces.

        ``{uuid of N}``, ``{uuid of N in R}``: the one image of that name that is there now, without R in the
        master. ``{first uuid of N in R}``: the first that the scenario gave R. ``{md5 of C}``, ``{sha512 of C}``:
        of a content. ``{project of A}``, ``{project of A in T}``: the id of an account's project at a target's
        Keystone. ``{password of T}``: of our account at a target's Keystone. ``{url of T}``: of that Keystone, or of
        a region's Glance. ``{folder}``: where the program runs.

        :param quoted: whether a shell is to read it
        """

        def replacement(match: re.Match[str]) -> str:
            for pattern, value in self._references:
                words = pattern.fullmatch(match[1])
                if words:
                    found = value(*words.groups())
                    return shlex.quote(found) if quoted else found
            return match[0]

        return REFERENCE.sub(replacement, text)

    def _present_uuid(self, name: str, region: str | None) -> str:
        uuids = self.store(region or MASTER).uuids(name)
        assert len(uuids) == 1, f"there are {len(uuids)} images {name} in {region or MASTER}, not one"
        return uuids[0]

    def _given_uuid(self, ordinal: str, name: str, region: str | None) -> str:
        return self._given[region or MASTER, name][ORDINALS[ordinal]]


def emptied(stores: Mapping[str, Store]) -> None:
    """Remove the images of all regions, at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(Store.clear, stores.values()))


def properties_of(text: str) -> dict[str, str]:
    """Read ``key=value, key=value``."""
    pairs = [pair.partition("=") for pair in text.split(", ") if pair]
    assert all(equals for _, equals, _ in pairs), f"{text} is not of the form key=value, key=value"
    return {key.strip(): value for key, _, value in pairs}


