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

    def life_for(self, size: int) -> float:
        """Seconds that a token should last when a body of ``size`` bytes is about to be sent."""
        return self.token_life + size / self.slowest
