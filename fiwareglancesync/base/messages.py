"""Lines for the user: information, warnings and errors."""

from __future__ import annotations

import logging
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """Information, a warning or an error for the user: a whole line, its prefix included.

    :param level: ``logging.INFO``, ``logging.WARNING`` or ``logging.ERROR``
    :param text: the sentence, as sync 1.4 words it
    :param image: name of the image it is about, or None
    """

    level: int
    text: str
    image: str | None = None

    @staticmethod
    def info(text: str, image: str | None = None) -> Message:
        """What the user is to know, and is no problem."""
        return Message(logging.INFO, text, image)

    @staticmethod
    def warning(text: str, image: str | None = None) -> Message:
        """A warning."""
        return Message(logging.WARNING, text, image)

    @staticmethod
    def error(text: str, image: str | None = None) -> Message:
        """An error."""
        return Message(logging.ERROR, text, image)
