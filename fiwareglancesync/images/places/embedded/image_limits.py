"""What no Glance accepts, as the conformance suite checks on real ones.

The allowed formats are no such rule: they are set by the configuration of each region.
"""

from __future__ import annotations

from collections.abc import Iterable

from ....base.errors import PropertyRefused, Rejected, ServiceFailure
from ...model import MAX_NAME, Image

MAX_PROPERTIES = 128
"""Properties that an image may have, by Glance's default quota."""

MAX_TAGS = 128
"""Tags that an image may have, by Glance's default quota."""

MAX_NUMBER = 2**31 - 1
"""The largest ``min_disk`` and ``min_ram``."""

_VISIBILITIES = frozenset({"public", "private", "shared", "community"})


def check_new(image: Image) -> None:
    """Check an image that is to be made.

    :raises Rejected: no Glance accepts it
    :raises PropertyRefused: it has too many properties or tags
    :raises ServiceFailure: a text has lone surrogates, with which Glance fails
    """
    if any(len(key) > MAX_NAME for key in image.user_properties):
        raise Rejected(f"Custom property should not be greater than {MAX_NAME} characters.", status=400)
    if any(len(tag) > MAX_NAME for tag in image.tags):
        raise Rejected(f"A tag should not be longer than {MAX_NAME} characters.", status=400)
    for name, value in (("min_disk", image.min_disk), ("min_ram", image.min_ram)):
        if not 0 <= value <= MAX_NUMBER:
            raise Rejected(f"{name} is {value}, expected 0 to {MAX_NUMBER}.", status=400)
    check_changed(image)


def check_changed(image: Image) -> None:
    """Check an image after a change.

    :raises Rejected: no Glance accepts it
    :raises PropertyRefused: it has too many properties or tags
    :raises ServiceFailure: a text has lone surrogates, with which Glance fails
    """
    if len(image.name) > MAX_NAME:
        raise Rejected(f"The name has {len(image.name)} characters, expected at most {MAX_NAME}.", status=400)
    if image.visibility not in _VISIBILITIES:
        expected = "public, private, shared or community"
        raise Rejected(f"The visibility is {image.visibility!r}, expected {expected}.", status=400)
    if len(image.tags) > MAX_TAGS:
        raise PropertyRefused(f"{len(image.tags)} tags are too many, the quota is {MAX_TAGS}.", status=413)
    properties = image.user_properties
    if len(properties) > MAX_PROPERTIES:
        count = len(properties)
        error = PropertyRefused(f"{count} properties are too many, the quota is {MAX_PROPERTIES}.", status=413)
        error.too_many = True
        raise error
    _check_texts((image.name, *image.tags, *properties, *properties.values()))


def _check_texts(texts: Iterable[str]) -> None:
    for text in texts:
        if text.isascii():
            continue
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ServiceFailure("The server has either erred or is incapable.", status=500, retryable=False)
        if max(text) > "\uffff":
            raise Rejected(f"{text!a} can't contain 4 byte unicode.", status=400)
