"""Tokens of one account: for its own project, and for each project in which it works (volumes 1)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from ..base.errors import CloudError, ConfigError, Scope, Unauthorized
from .cloud_model import CloudAccount
from .credential import Credential, same_project
from .identity import Access, SignIn
from .refusals import Waits
from .tuning import Tuning

_REFUSED_SECONDS = 300.0
"""Seconds for which Keystone is not asked again for a token that it has refused."""

_FRESH_SECONDS = 60.0
"""Seconds for which the account's own token proves that the account itself is accepted."""

_MAX_PROJECTS = 256
"""Projects whose tokens are kept."""

_PASSWORD_TYPES = frozenset(("", "password", "v3password"))


class NoAccess(CloudError):
    """The account gets no token for a project: it is disabled or deleted, or the account has no role in it."""

    scope = Scope.IMAGE

    project = ""
    """Id of the project."""

    is_new = False
    """Whether this is the first refusal since there was access, so that it is reported once."""


def check_account(credential: Credential) -> None:
    """Check that a credential can be used for several projects.

    :raises ConfigError: it is bound to one project
    """
    mend = "write its user and password (OS_USERNAME, OS_PASSWORD) and a project of its own (OS_PROJECT_NAME)"
    if credential.application_credential_secret or "applicationcredential" in credential.auth_type:
        raise ConfigError(
            "the account for volumes signs in with an application credential, which is bound to one project, and "
            f"backups are made in the project of each volume; {mend}"
        )
    if credential.auth_type not in _PASSWORD_TYPES:
        raise ConfigError(f"the account for volumes cannot sign in with auth_type {credential.auth_type}; {mend}")


class ProjectTokens:
    """The tokens of one account; several threads may use them.

    :param credential: user and password, and the account's own project
    :param wall_clock: the time of this machine in seconds since the epoch
    :param only_own: whether the own project is the only one that tokens are needed for
    :raises ConfigError: the credential is bound to one project, and others are needed
    """

    def __init__(
        self,
        credential: Credential,
        tuning: Tuning,
        waits: Waits,
        wall_clock: Callable[[], float] = time.time,
        *,
        only_own: bool = False,
    ) -> None:
        if not only_own:
            check_account(credential)
        self._credential = credential
        self._tuning = tuning
        self._waits = waits
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._projects: OrderedDict[str, ProjectSignIn] = OrderedDict()
        self.own = SignIn(credential, tuning, waits)
        """The sign-in for the account's own project."""

    def account(self) -> CloudAccount:
        """The account.

        :raises CloudError: there is no answer, or the Keystone refuses the credential
        """
        access = self.own.access()
        return CloudAccount(access.user, access.user_name, access.project, access.project_name)

    def of(self, project: str) -> SignIn:
        """The sign-in for a project; it gets its token when one is needed.

        :param project: id of the project
        """
        if same_project(project, self.own.access().project):
            return self.own
        with self._lock:
            sign_in = self._projects.pop(project, None) or self._new(project)
            self._projects[project] = sign_in
            if len(self._projects) > _MAX_PROJECTS:
                self._projects.popitem(last=False)
            return sign_in

    def clock_difference(self) -> float:
        """How far the clock of this machine is ahead of Keystone's, in seconds (volumes 3).

        It also shows when the clock of this machine has been set since the token was issued.

        :raises CloudError: Keystone does not state when it issued the token
        """
        granted = self.own.access().granted
        if granted is None or granted.issued is None:
            text = "Keystone does not state when it issued the token, so its clock cannot be compared with ours"
            raise CloudError(text, scope=Scope.TARGET)
        return self._wall_clock() - granted.issued - (self._tuning.clock() - granted.at)

    def _new(self, project: str) -> ProjectSignIn:
        return ProjectSignIn(project, self._credential, self._tuning, self._waits, self.own)


class ProjectSignIn(SignIn):
    """Signs the account in for one project, over the connections of its own sign-in.

    :param own: the sign-in of the same account for its own project
    """

    def __init__(self, project: str, credential: Credential, tuning: Tuning, waits: Waits, own: SignIn) -> None:
        scoped = replace(credential, project_id=project, project_name="", project_domain_name="", project_domain_id="")
        super().__init__(scoped, tuning, waits, own.transport)
        self._project = project
        self._own = own
        self._denied: tuple[float, str] | None = None

    def access(self, life: float = 0.0) -> Access:
        """A token for the project.

        :raises NoAccess: Keystone gives none for this project, and accepts the account
        """
        denied = self._denied
        if denied is not None and self._tuning.clock() - denied[0] < _REFUSED_SECONDS:
            raise _no_access(self._project, denied[1], is_new=False)
        try:
            access = super().access(life)
        except Unauthorized as error:
            self._confirm_account()
            where = error.cause.partition(" refused the credential")[0]
            self._denied = self._tuning.clock(), where
            raise _no_access(self._project, where, is_new=denied is None) from error
        self._denied = None
        return access

    def _confirm_account(self) -> None:
        """Check that Keystone still accepts the account itself; if it does not, that is the error."""
        access = self._own.access()
        granted = access.granted
        if granted is None or self._tuning.clock() - granted.at > _FRESH_SECONDS:
            self._own.reject(access)
            self._own.access()


def _no_access(project: str, keystone: str, *, is_new: bool) -> NoAccess:
    error = NoAccess(
        f"{keystone} gives the account no token for the project {project}: it is disabled or deleted, or the account "
        "has no role in it",
        status=401,
    )
    error.project = project
    error.is_new = is_new
    return error
