"""What all destinations of a restore share: the source, and its images (vault 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property

from ...base.errors import CloudError, UsageError
from ...base.messages import Message
from ..execution.member_changes import members_of
from ..execution.sync_run import Run
from ..places import Federation, InstantCopy, Place, PlaceIdentity, ReadablePlace, Sharing, is_same_place
from ..places.vault.vault_place import VaultPlace
from ..planning import Choice, Selection, add_members, select_all, shared_images
from ..planning.narrowing import why_unmatched
from ..region_names import RegionRef
from ..settings import Settings
from ..transfer import Mover
from ..transfer.sources import FileSource
from ..transfer.upload_way import upload_ways
from ..transfer.vault_source import VaultSource
from ..transfer.ways import BandwidthLimits, Purpose, open_ways
from ..vault.vault_times import is_in_future, time_text
from ..vault.vault_writer import now


class RestoreRun(Run):
    """One restore: its master is a shelf at one backup, or any region, and all images are meant.

    :param settings: the configuration, as ``restore_settings`` makes it
    :param federation: the regions that it reaches
    :param choice: the images of ``--image`` or ``--uuid``
    :param source: where the images come from
    :param master_region: the configured master region, which is a destination only when it is named
    """

    def __init__(
        self, settings: Settings, federation: Federation, choice: Choice, source: ReadablePlace, master_region: str
    ) -> None:
        super().__init__(settings, federation, choice)
        self._source = source
        self._configured = master_region

    @cached_property
    def master(self) -> ReadablePlace:
        """The source."""
        return self._source

    @property
    def source_name(self) -> str:
        """What users read of the source."""
        return self._source.name

    def same_place(self, ref: RegionRef) -> str:
        """What users read of a destination that is the source."""
        return f"This is {self.source_name}, from which images are restored"

    def introduction(self) -> Iterator[str]:
        """Which backup is restored."""
        if isinstance(self._source, VaultPlace):
            run = self._source.run
            yield f"Backup of {time_text(run.listed)}, from region {run.region}: {len(run.images)} images"

    def selection(self, target: str) -> Selection:
        """All images of the source, for a target."""
        if target not in self._selections:
            selection = select_all(self.master_listing, self.settings.targets[target], self.choice.uuids)
            self._selections[target] = selection
            self._members.update(members_of(self.master, shared_images(selection)))
        return self._selections[target]

    def selection_for(self, ref: RegionRef, place: Place) -> Selection:
        """What a region gets, with the members of its images if they are restored and have the same ids there."""
        selection = self.selection(ref.target)
        if not selection.target.sync_members or not self._has_projects(place):
            return selection
        return add_members(selection, self._members, same_keystone=True)

    def prepare(self, refs: Iterable[RegionRef], purpose: Purpose) -> list[Message]:
        """List the source, and open the ways.

        :raises UsageError: a destination needs bytes, and the source has none
        :raises CloudError: the source cannot be listed
        """
        refs = list(refs)
        self.mover = self._resources.enter_context(self._ways(purpose, several=len(refs) > 1))
        messages = [message for ref in refs for message in self._about(ref)]
        if isinstance(self._source, VaultPlace) and not self._source.run.complete:
            text = f"{self.source_name}: the backup of {time_text(self._source.run.listed)} is not complete"
            messages.append(Message.warning(text))
        if isinstance(self._source, VaultPlace) and is_in_future(self._source.run.listed, now()):
            text = f"the backup of {time_text(self._source.run.listed)} is of the future: a clock is or was wrong"
            messages.append(Message.warning(f"{self.source_name}: {text}; --at TIME takes another one"))
        selections = [self.selection(ref.target) for ref in refs if ref.target in self.settings.targets]
        for selection in selections[:1]:
            messages += self._about_images(selection)
        return messages

    @property
    def incomplete(self) -> bool:
        """Whether an image of the source is not restored that should be."""
        return self.left_out > 0

    @property
    def matches_nothing(self) -> bool:
        """Whether a pattern of ``--image``, or a UUID, is no image's."""
        return super().matches_nothing or bool(self._unknown_uuids())

    def _ways(self, purpose: Purpose, *, several: bool) -> AbstractContextManager[Mover]:
        if isinstance(self._source, VaultPlace):
            ways = upload_ways(VaultSource(self._source), throttles=BandwidthLimits(self.settings))
            return nullcontext(Mover(ways, self.settings.transfer))
        has_files = self._is_configured(self.master)
        if self.settings.transfer == FileSource.way and not has_files:
            raise UsageError("--transfer file: images_dir has the files of the configured master region alone")
        return open_ways(self.settings, self.master, purpose, several=several, has_files=has_files)

    def _about(self, ref: RegionRef) -> Iterator[Message]:
        """What the user is to know about a destination."""
        with suppress(CloudError):  # it fails in its turn, and no other region does
            place = self.place(ref)
            if isinstance(self._source, InstantCopy) and not isinstance(place, InstantCopy):
                raise UsageError(f"{self.source_name} is a region of an embedded federation, which has no bytes")
            if self.is_master(place):
                return
            if self._is_configured(place):
                yield Message.warning(f"{ref.full}: this is the master region; it is written to, because it is named")
            if self.settings.targets[ref.target].sync_members and not self._has_projects(place):
                text = f"{ref.full}: members are not restored: their projects are those of another Keystone"
                yield Message.warning(text)

    def _about_images(self, selection: Selection) -> Iterator[Message]:
        chosen = {each.image.name for each in selection.images if self.choice.chooses(each.image)}
        for message in selection.messages:
            if message.image is None or message.image in chosen or self.choice.matches(message.image):
                yield message
        if not selection.images and not selection.left_out:
            is_shelf = isinstance(self._source, VaultPlace)
            advice = "; --at TIME takes an older backup, glancesync vault runs lists them" if is_shelf else ""
            yield Message.warning(f"{self.source_name} has no image that can be restored{advice}")
        names = [each.image.name for each in selection.images] + [left.image.name for left in selection.left_out]
        for pattern in self.choice.unmatched(names):
            why = why_unmatched(pattern, names, names)
            yield Message.warning(f"--image {pattern} {why}")
        for uuid in self._unknown_uuids():
            yield Message.warning(f"--uuid {uuid}: {self.source_name} has no such image")

    def _unknown_uuids(self) -> list[str]:
        return sorted(self.choice.uuids - {image.id for image in self.master_listing.images})

    def _has_projects(self, place: Place) -> bool:
        """Whether projects have the same ids in the source and in a region."""
        source = self._source
        if not isinstance(source, VaultPlace):
            return isinstance(place, Sharing) and place.knows_projects_of(source)
        if source.project == place.project:
            return True  # a project's id is never given twice
        region = self._region_of(source)
        return region is not None and isinstance(place, Sharing) and place.knows_projects_of(region)

    def _region_of(self, shelf: VaultPlace) -> Place | None:
        """The region that a shelf is a backup of, if the configuration still reaches it."""
        ref = RegionRef.parse(shelf.source.region)
        with suppress(CloudError):
            region = self.place(ref)
            return region if region.identity.address == shelf.source.glance else None
        return None

    def _is_configured(self, place: ReadablePlace) -> bool:
        """Whether a place is the configured master region."""
        identity = self._configured_identity
        return identity is not None and is_same_place(place.identity, identity)

    @cached_property
    def _configured_identity(self) -> PlaceIdentity | None:
        with suppress(CloudError):  # it may be what has to be restored
            return self.federation.place(self.settings.master, self._configured).identity
        return None
