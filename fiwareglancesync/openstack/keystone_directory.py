"""The projects of a Keystone, and the mail addresses of their members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..base.errors import CloudError, NotFound, Scope
from .answers import Operation
from .catalog import dicts
from .cloud_inventory import quoted, utc_now
from .cloud_model import Listing, Project
from .inventory_documents import read_project
from .page_listing import Unreadable
from .region_services import RegionServices
from .service import Call


class KeystoneDirectory:
    """Reads projects and users of all domains.

    :param clock: the present time, aware
    """

    def __init__(self, region: RegionServices, clock: Callable[[], datetime] = utc_now) -> None:
        self._region = region
        self._clock = clock

    def projects(self) -> Listing[Project]:
        """All projects of all domains, disabled ones too.

        Keystone has no pages: with a ``list_limit`` it leaves projects out, and says so (volumes 3).
        """
        begun = self._clock()
        items: list[Project] = []
        problem = ""
        try:
            domains, problem = self._list("/domains", "domains")
            by_id = {str(domain.get("id")): domain for domain in domains}
            documents, cut = self._list("/projects", "projects")
            problem = problem or cut
            for document in documents:
                try:
                    items.append(read_project(document, by_id))
                except Unreadable as error:
                    problem = f"the list of projects has an entry that cannot be read: {error}"
        except CloudError as error:
            problem = f"the list of projects is not complete: {error}"
        return Listing(items, not problem, problem, begun)

    def member_addresses(self, project_id: str) -> tuple[str, ...]:
        """The mail addresses of the enabled users that have a role in a project, sorted, each once (volumes 6).

        Roles that are inherited from the domain do not count: those are administrators of many projects. Neither does
        the account of the program.
        """
        assignments, _ = self._list(f"/role_assignments?scope.project.id={quoted(project_id)}", "role_assignments")
        users: dict[str, Mapping[str, Any]] = {}
        for group in sorted(_holders(assignments, "group")):
            members = self._list_if_there(f"/groups/{quoted(group)}/users", "users")
            users.update({str(user.get("id")): user for user in members})
        for user in sorted(_holders(assignments, "user") - users.keys()):
            users[user] = self._user(user)
        users.pop(self._region.tokens.account().user_id, None)
        found = {str(user.get("email") or "").strip() for user in users.values() if user.get("enabled") is not False}
        return tuple(sorted(found - {""}))

    def _list(self, path: str, key: str) -> tuple[list[dict[str, Any]], str]:
        """The entries of a list, and why some are missing, "" when none are."""
        document = self._region.keystone().request(Call(Operation.LIST, "GET", path))
        listed = document.get(key) if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise CloudError(f"malformed answer: no list of {key}", scope=Scope.REGION)
        links = document.get("links")
        more = isinstance(links, dict) and links.get("next")
        cut = document.get("truncated") or more or len(dicts(listed)) < len(listed)
        advice = "raise [resource] list_limit of Keystone"
        return dicts(listed), f"Keystone does not list all {key}; {advice}" if cut else ""

    def _list_if_there(self, path: str, key: str) -> list[dict[str, Any]]:
        """The entries of a list of something that may have been deleted meanwhile."""
        try:
            return self._list(path, key)[0]
        except NotFound:
            return []

    def _user(self, user_id: str) -> Mapping[str, Any]:
        """A user; empty if it does not exist any more: an assignment may outlive its user."""
        try:
            document = self._region.keystone().request(Call(Operation.GET, "GET", f"/users/{quoted(user_id)}"))
        except NotFound:
            return {}
        found = document.get("user") if isinstance(document, dict) else None
        return found if isinstance(found, dict) else {}


def _holders(assignments: list[dict[str, Any]], kind: str) -> set[str]:
    """The ids of users or groups in role assignments; those for the projects below it do not count.

    :param kind: ``user`` or ``group``
    """
    found = set()
    for assignment in assignments:
        scope, holder = assignment.get("scope"), assignment.get(kind)
        if isinstance(scope, dict) and "OS-INHERIT:inherited_to" in scope:
            continue
        if isinstance(holder, dict) and isinstance(holder.get("id"), str) and holder["id"]:
            found.add(holder["id"])
    return found
