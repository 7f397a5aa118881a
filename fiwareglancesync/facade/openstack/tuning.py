"""How patient the facade is: every waiting time and bound in one place, so that tests can shorten them."""

from __future__ import annotations

from dataclasses import dataclass

from ...model import MIB


@dataclass(frozen=True)
class Tuning:
    """Bounds of the conversations with a cloud (design 5); all times in seconds.

    :param connect: for a connection to be made
    :param control: for the answer to a request without a body of bytes, sign-in included
    :param idle: during which a body on its way may make no progress
    :param settle: for the answer after the last byte of an upload: the store may still be copying
    :param attempts: tries of a request that may be repeated, the first included
    :param first_wait: before the second try, at most; doubled, with jitter, before each further one
    :param total_wait: for all tries together: after it nothing is tried again
    :param token_life: that a token must still have before a body is sent
    :param slowest: bytes per second that the life of a token is reckoned with for large bodies
    :param page: images asked for at once in a listing
    :param fetch: that a region may take to fetch an image from the master, whatever the image's size
    :param fetch_slowest: bytes per second that it must reach besides
    :param fetch_fastest: bytes per second that none exceeds, so that asking sooner is in vain
    :param first_look: between two questions whether it has, at least
    :param last_look: between two such questions, at most
    :param activation: that an image may still take to become active once it has been fetched
    """

    connect: float = 10.0
    control: float = 60.0
    idle: float = 60.0
    settle: float = 900.0
    attempts: int = 4
    first_wait: float = 1.0
    total_wait: float = 15.0
    token_life: float = 600.0
    slowest: float = 10.0 * MIB
    page: int = 1000
    fetch: float = 120.0
    fetch_slowest: float = 4.0 * MIB
    fetch_fastest: float = 512.0 * MIB
    first_look: float = 0.1
    last_look: float = 5.0
    activation: float = 60.0

    def life_for(self, size: int) -> float:
        """Seconds that a token should last when a body of ``size`` bytes is about to be sent."""
        return self.token_life + size / self.slowest

    def time_to_fetch(self, size: int) -> float:
        """Seconds after which a region that fetches ``size`` bytes from the master is taken to be stuck."""
        return self.fetch + size / self.fetch_slowest

    def next_look(self, waited: float, size: int = 0) -> float:
        """Seconds until a region that has fetched ``size`` bytes for ``waited`` seconds is asked again.

        A fifth of them: each question is work for the service, and holds up what is asked about.
        """
        soonest = size / self.fetch_fastest - waited
        return min(max(self.first_look, waited / 5, soonest), self.last_look)
