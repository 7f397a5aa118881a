"""How a task is to synchronise a region: the request of jobs of the kind ``sync`` (sync 5.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from .region_job import Mode
from .region_names import RegionRef
from .settings import Decision, DecisionAction


@dataclass(frozen=True)
class SyncRequest:
    """How a region is to be synchronised.

    :param dry_run: only report what would be done
    :param images: patterns, as with ``--image``
    :param config: options of the target, as text by key
    :param replace_lists: whether lists in ``config`` may drop entries that the configuration has
    :param decisions: by name of the image
    """

    dry_run: bool = False
    images: tuple[str, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict)
    replace_lists: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def mode(self) -> Mode:
        """What is done with the region."""
        return Mode.DRY_RUN if self.dry_run else Mode.SYNC

    def overrides(self, ref: RegionRef) -> list[str]:
        """The options as the words after ``--config``, for the target of a region."""
        return [f"{ref.target}.{key}={value}" for key, value in self.config.items()]

    def text(self) -> str:
        """The request as JSON; equal for equal requests."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def parse(text: str) -> SyncRequest:
        """Read what ``text`` wrote; what an older version wrote lacks the newer fields."""
        read = json.loads(text)
        decisions = {
            name: Decision(decided["checksum"], DecisionAction(decided["action"]))
            for name, decided in read.get("decisions", {}).items()
        }
        return SyncRequest(
            read["dry_run"], tuple(read["images"]), read["config"], read.get("replace_lists", False), decisions
        )
