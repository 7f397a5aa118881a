"""The errors of the program, in one small hierarchy. The text of each names the place, the problem and the cause.

An error from a cloud has a *scope* (design 7): how much fails because of it. It also has ``retryable``: whether the
same request may succeed later.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

E = TypeVar("E", bound="CloudError")


class Scope(Enum):
    """What fails because of an error (design 7)."""

    IMAGE = "image"
    """The image."""

    UPLOADS = "uploads"
    """All further uploads to the region. Everything else in the region can be done."""

    REGION = "region"
    """The region."""

    TARGET = "target"
    """All regions of the targets that use this credential."""


class GlanceSyncError(Exception):
    """Any error that a user can understand and act on; its text is one line."""

    exit_code = 1

    leaves_threads = False
    """Whether threads are left that may never end: the process is not to wait for them."""

    def explain(self, text: str) -> None:
        """Add an explanation for the user to the text."""
        self.args = (f"{self} ({text})",)


def system_error(error: OSError) -> str:
    """An error of the system as one line: the file, if it names one, and the reason without its number."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


class NotWritten(GlanceSyncError):
    """A file cannot be written; the text names it and gives the reason."""

    @classmethod
    def because(cls, error: OSError, path: object) -> NotWritten:
        """The error of a file.

        :param error: the reason
        :param path: the file
        """
        return cls(f"{path} cannot be written: {error.strerror}")


class UsageError(GlanceSyncError):
    """The command line asks for something that is not possible (sync 1.2: exit 2)."""

    exit_code = 2


class NotInstalled(GlanceSyncError):
    """A Python package that the program needs is not installed; the text says how to install it."""

    exit_code = 2


class ConfigError(GlanceSyncError):
    """The configuration is wrong. The error has all problems that were found, a line for each (sync 2).

    :param problems: the lines; each names file, section and key
    :param warnings: warnings about the same configuration: a misspelt key often explains a problem
    """

    exit_code = 2

    def __init__(self, problems: list[str] | str, warnings: Sequence[str] = ()) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        self.warnings = list(warnings)
        super().__init__("\n".join(self.problems))


class CloudError(GlanceSyncError):
    """A cloud refused or failed a request.

    :param cause: the words of the service, in one line without secrets
    :param status: HTTP status for messages and logs, None when there was no answer
    :param scope: what fails because of the error
    :param retryable: whether the same request may succeed later
    :param request_id: id of the request in the log of the service
    :param retry_after: seconds that the service asks to wait before the next attempt
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
        """The same error, no longer retryable.

        :param reason: why the program does not wait, or no longer
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
    """There is no answer from the address, or the connection broke."""

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
    """The service refuses for now: it gets too many requests, or it names a time to wait (429, 413, 503)."""

    scope = Scope.REGION
    retryable = True


class TooManyUploads(CloudError):
    """The region accepts no further upload while others are running (413, ``image_count_uploading``)."""

    scope = Scope.UPLOADS


class Unauthorized(CloudError):
    """The credential is not accepted (401), after one renewal of the token; an upload is sent once, without renewal."""

    scope = Scope.REGION


class Forbidden(CloudError):
    """The credential does not have the right for this request (403)."""


class PublicationRefused(Forbidden):
    """The credential may not give an image the wanted visibility, and so no other image either."""


class NotFound(CloudError):
    """The image, region or endpoint does not exist (404, 410)."""


class Redirected(CloudError):
    """The service answered that what was asked for is at another address (3xx)."""

    scope = Scope.REGION


class Conflict(CloudError):
    """The image cannot be changed in its present state (409); for example, it is in use."""


class QuotaExceeded(CloudError):
    """The quota of storage or of the number of images is used up (413)."""

    scope = Scope.UPLOADS


class Rejected(CloudError):
    """The service does not accept this image (400, 413 for its size, 415)."""


class PropertyRefused(Rejected):
    """The service does not accept a property of the image, or this number of properties or tags (400, 403, 413)."""

    properties: tuple[str, ...] = ()
    """Names of the image's properties that the service's words contain; a short one may be an ordinary word there."""

    too_many = False
    """Whether the image has more properties than the service accepts; it is not about tags then."""


class UnknownRegion(CloudError):
    """The catalog has no image endpoint for the region, or there is no such target in the configuration."""

    scope = Scope.REGION

    near: str | None = None
    """Full name of a region with a similar name."""


class UnknownTarget(UnknownRegion):
    """There is no target of that name in the configuration."""


class TransferError(GlanceSyncError):
    """The content of an image could not be moved in one way; another way may work."""


class SourceBroke(TransferError):
    """The source stopped in the middle of an image's content; another reading may succeed."""


class VerificationError(GlanceSyncError):
    """After the upload the region does not have the content of the master (design 4.3)."""


class LocksUnavailable(GlanceSyncError):
    """The regions cannot be locked, because the database of the locks cannot be used."""


class DatabaseUnavailable(GlanceSyncError):
    """The database does not answer, is locked for too long, or refuses what the program needs."""


class LeaseLost(GlanceSyncError):
    """Another process has taken over the work that a lease is for; nothing was written."""


class RegionLocked(GlanceSyncError):
    """Another run has the lock of the region."""

    holder = ""
    """The sentence that names the process, its machine and since when."""

    process = ""
    """The process, its machine and since when."""

    @classmethod
    def by(cls, process: str) -> RegionLocked:
        """The error for a process that has the lock.

        :param process: the process, its machine and since when
        """
        holder = f"another run holds the region: {process}"
        error = cls(f"{holder}; try again later, or use --wait")
        error.holder, error.process = holder, process
        return error


class Cancelled(KeyboardInterrupt):
    """A signal asked the run to stop; no ``except`` for errors may catch it.

    :param signal: number of the signal
    """

    left = "no unfinished image is left"
    """What the interruption leaves, where nothing is in ``unfinished``."""

    unfinished: tuple[str, ...] = ()
    """The images that the run could not remove in time, a line for each, for the user."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal

    @property
    def exit_code(self) -> int:
        """130 on SIGINT, 143 on SIGTERM (sync 1.2), 129 on SIGHUP."""
        return 128 + self.signal
