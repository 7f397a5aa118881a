"""Looks at templates, a region and a shelf; what cannot be seen whole is not judged (vault 5.3)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import datetime

from ...base.errors import CloudError, UnknownRegion, UsageError
from ..backup.backup_run import source_of
from ..backup.vault_choice import vault_option
from ..heat.image_comparison import Comparison, compare
from ..heat.image_lists import EXIT_PENDING, exit_code_of
from ..heat.image_status import ImageStatus
from ..heat.template_images import TemplateImages
from ..model import Listing
from ..places import Federation, Place
from ..places.vault.vault_place import PREFIX, VaultPlace
from ..region_names import RegionRef, resolve_regions
from ..settings import Settings
from ..vault.vault_errors import RunInFuture, VaultError
from ..vault.vault_folder import Shelf, Vault
from ..vault.vault_listing import chosen_shelves
from ..vault.vault_model import BackupRun, KeptImage
from ..vault.vault_times import is_in_future, time_text
from ..vault.vault_writer import now
from .healing_errors import HealingRefused

OTHER_SHELF = "use another --shelf; if this is the same cloud, glancesync vault backup --rebind binds it anew"
"""What helps if a shelf is bound to another source."""


@dataclass(frozen=True)
class HealingRequest:
    """What is compared.

    :param region: as the user names it
    :param shelf: name of the shelf, None for that of the region
    :param tag: only names that contain it, "" for all
    """

    region: str
    shelf: str | None
    templates: TemplateImages
    tag: str = ""


@dataclass(frozen=True)
class HealingInventory:
    """A region and its shelf as they are, compared with templates.

    :param run: the newest complete run of the shelf, None when there is none
    """

    ref: RegionRef
    place: Place
    shelf: Shelf
    run: BackupRun | None
    comparison: Comparison

    @property
    def exit_code(self) -> int:
        """The exit code that says how the images stand."""
        if self.comparison.tag_matches_nothing:
            return EXIT_PENDING
        return exit_code_of([row.row for row in self.comparison.rows])


def take_healing_inventory(
    request: HealingRequest, settings: Settings, federation: Federation, vault: Vault
) -> HealingInventory:
    """Look at a region and its shelf.

    :raises UsageError: the word is no region's, or there is no such shelf
    :raises OtherSource: the shelf is bound to another source
    :raises RunInFuture: it is not known which run is the newest
    :raises VaultError: the shelf cannot be read
    :raises HealingRefused: the region cannot be listed whole, or the shelf is lost
    """
    ref = RegionRef.parse(request.region)
    if not ref.region:
        raise UsageError(f"{request.region} stands for several regions; name one of them")
    if request.shelf is not None:
        chosen_shelves(vault, [request.shelf])
    shelf = vault.shelf(request.shelf or ref.full)
    _check_shelf(shelf)
    try:
        resolve_regions([request.region], settings, federation)
        place = federation.place(settings.targets[ref.target], ref.region)
        shelf.check_source(source_of(place), OTHER_SHELF)
        run, kept = _newest(shelf, place)
        listing = place.listing()
    except UnknownRegion as error:
        raise UsageError(str(error)) from error
    except CloudError as error:
        raise HealingRefused(f"{ref.full} cannot be listed whole, so nothing is compared. Cause: {error}") from error
    comparison = compare(request.templates, listing, kept, request.tag)
    return HealingInventory(ref, place, shelf, run, _with_older_runs(comparison, shelf, ref, settings))


def _check_shelf(shelf: Shelf) -> None:
    """Refuse a shelf that the vault has by its mark, and that is not there, such as that of an unmounted disk.

    :raises HealingRefused: it is lost
    """
    if shelf.name not in shelf.vault.mark().shelves:
        return
    lost = next((path for path in (shelf.paths.binding, shelf.paths.runs) if not path.exists()), None)
    if lost is not None:
        advice = f"bring it back from a copy, or begin it anew: glancesync vault backup REGION --shelf {shelf.name}"
        raise HealingRefused(f"{lost} is missing, so shelf {shelf.name} is not whole and nothing is compared; {advice}")


def _with_older_runs(comparison: Comparison, shelf: Shelf, ref: RegionRef, settings: Settings) -> Comparison:
    """The comparison, where an image that is nowhere has as its reason the older run that has it, if any."""
    wanted = {row.name for row in comparison.of(ImageStatus.ALERT)}
    found: dict[str, str] = {}
    for time in shelf.run_times() if wanted else ():
        for image in _images_of(shelf, time):
            option = f"--uuid {image.id}" if image.id in wanted else f"--image {shlex.quote(image.name)}"
            name = image.id if image.id in wanted else image.name
            if name in wanted and name not in found and image.content is not None:
                words = f"vault restore {shlex.quote(shelf.name)} {ref.full} --at {time_text(time)} {option}"
                vault = vault_option(shelf.vault.folder, settings)
                found[name] = f"an older run has it: glancesync {words}{vault}"
    rows = (replace(row, reason=found.get(row.name, row.reason)) for row in comparison.rows)
    return replace(comparison, rows=tuple(rows)) if found else comparison


def _images_of(shelf: Shelf, time: datetime) -> tuple[KeptImage, ...]:
    """The images of an older run; none if it cannot be read, which is no reason not to compare."""
    try:
        return shelf.run(time).images
    except VaultError:
        return ()


def _newest(shelf: Shelf, place: Place) -> tuple[BackupRun | None, Listing]:
    """The newest complete run of a shelf, and its images."""
    future = next((time for time in shelf.run_times() if is_in_future(time, now())), None)
    if future is not None:
        advice = "set the clock; if it was wrong then, delete the file and back up again"
        raise RunInFuture(f"{shelf.paths.run(future)} is a run of the future, so nothing is compared; {advice}")
    run = shelf.newest_complete()
    if run is None:
        return None, Listing(f"{PREFIX}{shelf.name}", place.project, ())
    return run, VaultPlace(shelf, run).listing()
