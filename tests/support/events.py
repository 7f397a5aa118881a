"""What tests ask of the events of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from fiwareglancesync.events import Event, Failed, MessageReported, Waiting

T = TypeVar("T")


def of_type(wanted: type[T], events: Iterable[Event]) -> list[T]:
    """The events of one type, in their order."""
    return [event for event in events if isinstance(event, wanted)]


def with_message(events: Iterable[Event]) -> list[MessageReported | Waiting | Failed]:
    """The events that have a text for the user, in their order."""
    return [event for event in events if isinstance(event, MessageReported | Waiting | Failed)]


def texts(events: Iterable[Event]) -> list[str]:
    """The texts for the user, in their order."""
    return [event.message.text for event in with_message(events)]
