"""All time limits and bounds of requests, in one place, so that tests can shorten them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..base.units import MIB

MAX_TIMEOUT_SECONDS = 14 * 86400.0
"""Seconds of the longest time-out; the system accepts a little more."""


@dataclass(frozen=True)
class Tuning:
    """Time limits and bounds of requests to a cloud (sync 3.11); all times in seconds.

    :param connect: limit for making a connection
    :param control: limit for the answer to a request without a body of bytes, sign-in included
    :param idle: limit for a body without progress
    :param upload_answer: limit for the answer after the last byte of an upload, beside the time for its size: the
        store may still be copying
    :param grace: limit for an image to show that its bytes arrive, after the connection broke behind the last byte
    :param attempts: attempts at a request that may be repeated, the first included
    :param first_wait: the longest wait before the second attempt; doubled, with jitter, before each further one
    :param retry_limit: limit for all attempts together
    :param wait_limit: limit for all waits for a service that refuses for now
    :param token_life: time for which a token must still be valid before a body is sent
    :param token_rate: bytes per second of a large body, to compute how long its token must be valid
    :param clock: the clock by which the life of a token is measured, in seconds since any moment
    :param page: images in one page of a listing
    :param fetch: limit for a region to fetch an image from the master, beside the time for its size
    :param slowest_rate: bytes per second of the slowest region that stores or fetches an image
    :param fetch_fastest: bytes per second of the fastest region: its progress is not read before
    :param poll_min: the shortest time between two requests for the progress
    :param poll_max: the longest time between two such requests
    :param activation: limit for an image to become active after it has been fetched
    """

    connect: float = 10.0
    control: float = 60.0
    idle: float = 60.0
    upload_answer: float = 15 * 60.0
    grace: float = 10.0
    attempts: int = 4
    first_wait: float = 1.0
    retry_limit: float = 15.0
    wait_limit: float = 5 * 60.0
    token_life: float = 600.0
    token_rate: float = 10.0 * MIB
    clock: Callable[[], float] = time.monotonic
    page: int = 1000
    fetch: float = 2 * 60.0
    slowest_rate: float = 4.0 * MIB
    fetch_fastest: float = 512.0 * MIB
    poll_min: float = 0.1
    poll_max: float = 5.0
    activation: float = 60.0

    def life_for(self, size: int) -> float:
        """Seconds for which a token has to be valid before a body of ``size`` bytes is sent."""
        return self.token_life + size / self.token_rate

    def time_to_store(self, size: int) -> float:
        """Limit in seconds from the last byte of an upload to its answer."""
        return min(self.upload_answer + size / self.slowest_rate, MAX_TIMEOUT_SECONDS)

    def time_to_begin(self, size: int) -> float:
        """Limit in seconds for an upload to reach its image, if its connection broke after the last byte.

        A proxy may still be passing the bytes to the service, as fast as the service takes them.
        """
        return min(self.grace + size / self.slowest_rate, MAX_TIMEOUT_SECONDS)

    def time_to_fetch(self, size: int) -> float:
        """Limit in seconds for a region to fetch ``size`` bytes from the master."""
        return self.fetch + size / self.slowest_rate

    def next_poll(self, waited: float, size: int = 0) -> float:
        """Seconds until the next request for the progress.

        A fifth of the time so far: each request is work for the service, and delays what it is about.

        :param waited: seconds since the beginning
        :param size: bytes that the region fetches
        """
        soonest = size / self.fetch_fastest - waited
        return min(max(self.poll_min, waited / 5, soonest), self.poll_max)
