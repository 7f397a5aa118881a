"""What the proxy of the tests does with a request, and which requests a rule fits."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """Answer in the service's place.

    :param text: the body, in the service's own words
    """

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """Take the request and never answer."""


@dataclass(frozen=True)
class HangUp:
    """Close the connection without a word."""


@dataclass(frozen=True)
class Lose:
    """Pass the whole request on and hang up, as a load balancer that has waited too long for the answer."""


@dataclass(frozen=True)
class Late:
    """Pass the request on after some time.

    :param seconds: how long the service seems to think
    """

    seconds: float


@dataclass(frozen=True)
class RunBeside:
    """Pass the request on and do something besides.

    :param before: called before the service gets the request
    :param after: called when it has answered, before the program gets the answer
    """

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None


@dataclass(frozen=True)
class Narrow:
    """Pass a body on so slowly that it takes as long as a test needs.

    :param begun: set when the first bytes have gone on
    :param open: to be set when the rest may go on at full speed
    """

    begun: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Garble:
    """Pass the request on with the first byte of the body changed: of its own or, when it has none, the answer's."""


@dataclass(frozen=True)
class Cut:
    """Break a body off: the request's or, when it has none, the answer's.

    :param after: bytes that pass
    :param reset: reset the connection, instead of closing it as if all were well
    """

    after: int
    reset: bool = True


@dataclass(frozen=True)
class Stall:
    """Stop passing a body on: the request's or, when it has none, the answer's; the connections stay.

    :param after: bytes that pass
    :param begun: set when nothing passes any more
    """

    after: int
    begun: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Claim:
    """Pass the answer on with another Content-Length than it has."""

    length: int


@dataclass(frozen=True)
class Whole:
    """Answer 206 as if a part were sent, and send the whole image, as some stores do."""


@dataclass(frozen=True)
class Rewrite:
    """Pass the answer on with another content.

    :param change: makes it of the answer's
    """

    change: Callable[[bytes], bytes]


@dataclass
class Limit:
    """Pass no more than so many requests in a time, however fast they come; answer 429 to the others, with how long.

    :param requests: how many pass, before none does for a while
    :param seconds: how long that is
    :param refused: how many did not pass
    """

    requests: int
    seconds: float
    refused: int = 0
    _passed: int = 0
    _closed_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self) -> Answer | None:
        """Take one more request; what it is answered when it is one too many."""
        with self._lock:
            now = time.monotonic()
            if now >= self._closed_until:
                self._passed += 1
                if self._passed == self.requests:
                    self._passed, self._closed_until = 0, now + self.seconds
                return None
            self.refused += 1
            left = math.ceil(self._closed_until - now)
        return Answer(429, "Too many requests.", {"Retry-After": str(max(left, 1))})


@dataclass(frozen=True)
class Buffer:
    """Take a whole body at once, answer 504 before the service has got it, and pass it on slowly.

    :param seconds: that passing it on takes
    :param late: how long nothing is passed on at first
    :param answered: whether 504 is answered at all, or the service waited for
    """

    seconds: float
    late: float = 0.0
    answered: bool = True


@dataclass
class Crowd:
    """Pass so many requests on at once, the first ones slowly, and refuse a further one in Glance's words.

    :param at_once: how many
    :param seconds: how long each takes until one has been refused, so that all that come meanwhile are too many
    """

    at_once: int
    seconds: float
    refused: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def taken(self) -> Iterator[Answer | None]:
        """Count a request while it lasts; what it is answered when it is one too many."""
        with self._lock:
            self._under_way += 1
            full = self._under_way > self.at_once
            self.refused += full
        limit = f"Resource image_count_uploading is over limit of {self.at_once} due to current usage {self.at_once}"
        try:
            yield Answer(413, f"Project p is over a limit for [{limit} and delta 0]") if full else None
        finally:
            with self._lock:
                self._under_way -= 1


Act = (
    Answer | Silence | HangUp | Lose | Late | RunBeside | Narrow | Garble | Cut | Stall | Claim | Whole | Rewrite
    | Limit | Buffer | Crowd
)  # fmt: skip


@dataclass
class Rule:
    """What happens to which requests.

    :param path: expression that the whole path must match
    :param port: the service's, None for any
    :param times: how often it happens, None for always
    """

    act: Act
    method: str
    path: str
    port: int | None
    times: int | None

    def fits(self, method: str, path: str, port: int) -> bool:
        """Whether it is about a request."""
        return (
            self.times != 0
            and self.method in (method, "*")
            and self.port in (port, None)
            and re.fullmatch(self.path, path) is not None
        )


@dataclass(frozen=True)
class Seen:
    """A request that passed by.

    :param start: where the part begins that it asks for, 0 for the whole
    """

    method: str
    path: str
    port: int
    start: int = 0
