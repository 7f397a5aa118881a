"""How patient the facade is: every waiting time and bound in one place, so that tests can shorten them."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.units import MIB

MAX_TIMEOUT_SECONDS = 14 * 86400.0
"""Seconds of the longest time-out that the system's calls take, less some."""


@dataclass(frozen=True)
class Tuning:
    """Bounds of the conversations with a cloud (sync 3.11); all times in seconds.

    :param connect: for a connection to be made
    :param control: for the answer to a request without a body of bytes, sign-in included
    :param idle: during which a body on its way may make no progress
    :param settle: for the answer after the last byte of an upload, whatever its size: the store may still be copying
    :param grace: for an image to show that its bytes are coming, when the connection broke after the last one
    :param attempts: tries of a request that may be repeated, the first included
    :param first_wait: before the second try, at most; doubled, with jitter, before each further one
    :param total_wait: for all tries together: after it nothing is tried again
    :param retry: for which a service that refuses for now is waited for, in all
    :param token_life: that a token must still have before a body is sent
    :param token_rate: bytes per second that the life of a token is reckoned with for large bodies
    :param page: images asked for at once in a listing
    :param fetch: that a region may take to fetch an image from the master, whatever the image's size
    :param slowest_rate: bytes per second that a region stores, or fetches, at the least
    :param fetch_fastest: bytes per second that none exceeds, so that asking sooner is in vain
    :param first_look: between two questions how far it is, at least
    :param last_look: between two such questions, at most
    :param activation: that an image may still take to become active once it has been fetched
    """

    connect: float = 10.0
    control: float = 60.0
    idle: float = 60.0
    settle: float = 15 * 60.0
    grace: float = 10.0
    attempts: int = 4
    first_wait: float = 1.0
    total_wait: float = 15.0
    retry: float = 5 * 60.0
    token_life: float = 600.0
    token_rate: float = 10.0 * MIB
    page: int = 1000
    fetch: float = 2 * 60.0
    slowest_rate: float = 4.0 * MIB
    fetch_fastest: float = 512.0 * MIB
    first_look: float = 0.1
    last_look: float = 5.0
    activation: float = 60.0

    def life_for(self, size: int) -> float:
        """Seconds that a token should last when a body of ``size`` bytes is about to be sent."""
        return self.token_life + size / self.token_rate

    def time_to_store(self, size: int) -> float:
        """Seconds from the last byte of an upload after which its answer is not waited for any more."""
        return min(self.settle + size / self.slowest_rate, MAX_TIMEOUT_SECONDS)

    def time_to_begin(self, size: int) -> float:
        """Seconds for which an upload whose connection broke after the last byte may not have reached its image.

        A proxy may go on passing the bytes to the service, at the service's pace.
        """
        return min(self.grace + size / self.slowest_rate, MAX_TIMEOUT_SECONDS)

    def time_to_fetch(self, size: int) -> float:
        """Seconds after which a region that fetches ``size`` bytes from the master is taken to be stuck."""
        return self.fetch + size / self.slowest_rate

    def next_look(self, waited: float, size: int = 0) -> float:
        """Seconds until a region that has been at ``size`` bytes for ``waited`` seconds is asked again.

        A fifth of them: each question is work for the service, and holds up what is asked about.
        """
        soonest = size / self.fetch_fastest - waited
        return min(max(self.first_look, waited / 5, soonest), self.last_look)
