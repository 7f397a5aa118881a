"""The errors of the program: one small hierarchy; each says where, what and why.

An error that a cloud answered carries the *scope* of its consequence (design 7): whether the call may be
repeated, only this image fails, the whole region fails, or the whole run does.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

E = TypeVar("E", bound="CloudError")


class Scope(Enum):
    """How far the consequence of an error reaches (design 7)."""

    IMAGE = "image"
    REGION = "region"
    RUN = "run"
    """whatever of the run needs the same Keystone"""


class GlanceSyncError(Exception):
    """Any error that a user can understand and act on; its text is one line."""

    exit_code = 1

    def explain(self, text: str) -> None:
        """Add to the text what the user should know besides."""
        self.args = (f"{self} ({text})",)


class UsageError(GlanceSyncError):
    """The command line asks for something that cannot be (sync 1.2: exit 2)."""

    exit_code = 2


class NotInstalled(GlanceSyncError):
    """A Python package that the program needs is not installed; the text says how to install it."""

    exit_code = 2


class ConfigError(GlanceSyncError):
    """The configuration is wrong; holds every problem found, one line each (sync 2).

    :param problems: the lines, each naming file, section and key
    :param warnings: what else was noticed; a misspelt key often explains a problem
    """

    exit_code = 2

    def __init__(self, problems: list[str] | str, warnings: Sequence[str] = ()) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        self.warnings = list(warnings)
        super().__init__("\n".join(self.problems))


class CloudError(GlanceSyncError):
    """A cloud refused or failed a request.

    :param cause: one line in the service's own words, no secret in it
    :param status: HTTP status, None when there was no answer
    :param scope: how far the consequence reaches
    :param retryable: whether the same request may succeed a moment later
    :param request_id: what the service calls the request in its own log
    :param retry_after: seconds that the service asks to wait before the next try
    """

    scope = Scope.IMAGE
    retryable = False

    def __init__(
        self,
        cause: str,
        *,
        status: int | None = None,
        scope: Scope | None = None,
        retryable: bool | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        if scope is not None:
            self.scope = scope
        if retryable is not None:
            self.retryable = retryable

    def given_up(self: E, reason: str) -> E:
        """The same error for good.

        :param reason: why it is not waited for, or not any longer
        """
        return type(self)(
            f"{self.cause}; {reason}",
            status=self.status,
            scope=self.scope,
            retryable=False,
            request_id=self.request_id,
            retry_after=self.retry_after,
        )


class Unreachable(CloudError):
    """Nobody answers at the address, or the connection broke."""

    scope = Scope.REGION
    retryable = True


class TimedOut(CloudError):
    """The service did not answer in time."""

    scope = Scope.REGION
    retryable = True


class ServiceFailure(CloudError):
    """The service answered 5xx."""

    retryable = True


class Throttled(CloudError):
    """The service refuses for now: it gets too many requests, or names a time to wait (429, 413, 503)."""

    scope = Scope.REGION
    retryable = True


class TooManyUploads(CloudError):
    """The region takes no further upload while others are under way (413, ``image_count_uploading``)."""

    scope = Scope.REGION


class Unauthorized(CloudError):
    """The credential is not accepted (401, after one renewal)."""

    scope = Scope.REGION


class Forbidden(CloudError):
    """The credential lacks the right for this (403)."""


class PublicationRefused(Forbidden):
    """A finished image may not be given the master's visibility; no other image may get that one either."""


class NotFound(CloudError):
    """The image, region or endpoint is not there (404, 410)."""


class Conflict(CloudError):
    """The image cannot be changed in its present state (409): in use, for instance."""


class QuotaExceeded(CloudError):
    """A storage or image-count quota is spent (413): no upload to this region will work."""

    scope = Scope.REGION


class Rejected(CloudError):
    """The service will not take this image (400, 413 for its properties, 415)."""


class UnknownRegion(CloudError):
    """The catalog knows no image endpoint for the region, or no such target is configured."""

    scope = Scope.REGION

    near: str | None = None
    """Full name of the region that was probably meant."""


class UnknownTarget(UnknownRegion):
    """No target of that name is configured."""


class TransferError(GlanceSyncError):
    """The bytes of an image could not be read from their source; another way may work."""


class SourceBroke(TransferError):
    """The source broke off in the middle of an image's bytes; a fresh reading of it may succeed."""


class VerificationError(GlanceSyncError):
    """What the region holds after the upload is not what the master holds (design 4.3)."""


class RegionLocked(GlanceSyncError):
    """Another run holds the region; the text says who, where and since when."""

    @classmethod
    def by(cls, process: str) -> RegionLocked:
        """The error of a region that a process holds.

        :param process: which one, where and since when
        """
        return cls(f"another run holds the region: {process}; try again later, or use --wait")


class Cancelled(KeyboardInterrupt):
    """The run was asked to stop; no handler of errors may swallow it.

    :param signal: number of the signal that asked
    """

    unfinished: tuple[str, ...] = ()
    """What the run could not tidy up in time, an image each, for the user."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal

    @property
    def exit_code(self) -> int:
        """130 on SIGINT, 143 on SIGTERM (sync 1.2), 129 on SIGHUP."""
        return 128 + self.signal
