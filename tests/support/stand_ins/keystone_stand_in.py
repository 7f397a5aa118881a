"""A stand-in for Keystone: tokens for projects, projects, users, groups and their roles."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from .cloud_state import (
    DEFAULT_DOMAIN,
    Assignment,
    CloudState,
    StoredDomain,
    StoredProject,
    StoredUser,
    new_id,
    now,
    written,
)
from .http_stand_in import Asked, Refuses, Reply

_UNAUTHORIZED = "The request you have made requires authentication."


class KeystoneStandIn:
    """Answers the requests to Keystone.

    :param endpoints: type of service → its address, with ``%(project)s``
    """

    def __init__(self, state: CloudState, region: str, endpoints: Callable[[], Mapping[str, str]]) -> None:
        self._state = state
        self._region = region
        self._endpoints = endpoints
        self.clock_ahead = timedelta()
        self.token_life = timedelta(hours=1)

    def answer(self, asked: Asked, path: str) -> Reply:
        """Answer a request.

        :param path: below the address, with the version
        """
        if path == "/v3" and asked.method == "GET":
            link = {"rel": "self", "href": f"{self._endpoints()['identity']}/v3/"}
            return Reply(200, {"version": {"id": "v3.14", "status": "stable", "links": [link]}})
        if path == "/v3/auth/tokens" and asked.method == "POST":
            return self._sign_in(asked.document["auth"])
        caller = self._state.caller(asked.headers.get("x-auth-token", ""))
        if caller is None:
            raise Refuses(401, "error", _UNAUTHORIZED)
        if not caller.is_admin:
            raise Refuses(403, "error", f"You are not authorized to perform the requested action: {path}.")
        for method, pattern, serve in self._routes():
            found = re.fullmatch(f"/v3{pattern}", path)
            if found and method == asked.method:
                return serve(asked, *found.groups())
        raise Refuses(404, "error", "The resource could not be found.")

    def _routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        one = "([^/]+)"
        return [
            ("GET", "/projects", self._projects),
            ("POST", "/projects", self._new_project),
            ("PATCH", f"/projects/{one}", self._change_project),
            ("DELETE", f"/projects/{one}", self._delete_project),
            ("GET", "/domains", self._domains),
            ("GET", "/role_assignments", self._role_assignments),
            ("GET", "/roles", self._roles),
            ("POST", "/users", self._new_user),
            ("GET", f"/users/{one}", self._user),
            ("DELETE", f"/users/{one}", self._delete_user),
            ("POST", "/groups", self._new_group),
            ("DELETE", f"/groups/{one}", self._delete_group),
            ("GET", f"/groups/{one}/users", self._members),
            ("PUT", f"/groups/{one}/users/{one}", self._add_member),
            ("PUT", f"/projects/{one}/users/{one}/roles/{one}", self._assign("user", "project")),
            ("PUT", f"/projects/{one}/groups/{one}/roles/{one}", self._assign("group", "project")),
            (
                "PUT",
                f"/OS-INHERIT/domains/{one}/users/{one}/roles/{one}/inherited_to_projects",
                self._assign("user", "domain"),
            ),
            (
                "DELETE",
                f"/OS-INHERIT/domains/{one}/users/{one}/roles/{one}/inherited_to_projects",
                self._take_inherited,
            ),
        ]

    def _sign_in(self, auth: Mapping[str, Any]) -> Reply:
        state = self._state
        wanted = auth["identity"]["password"]["user"]
        user = next(
            (user for user in state.users.values() if wanted.get("id", wanted.get("name")) in (user.id, user.name)),
            None,
        )
        if user is None or not user.enabled or user.password != wanted["password"]:
            raise Refuses(401, "error", _UNAUTHORIZED)
        scope = auth["scope"]["project"]
        named = scope.get("id", scope.get("name"))
        project = next((each for each in state.projects.values() if named in (each.id, each.name)), None)
        if project is None or not state.may_enter(user, project):
            raise Refuses(401, "error", _UNAUTHORIZED)
        token, issued = uuid.uuid4().hex, now() + self.clock_ahead
        state.tokens[token] = user.id, project.id
        domain = state.domains[project.domain_id]
        document = {
            "methods": ["password"],
            "user": {"id": user.id, "name": user.name, "domain": {"id": DEFAULT_DOMAIN, "name": "Default"}},
            "project": {"id": project.id, "name": project.name, "domain": {"id": domain.id, "name": domain.name}},
            "roles": [{"id": role, "name": role} for role in sorted(state.roles(user.id, project.id))],
            "catalog": self._catalog(project.id),
            "issued_at": written(issued) + "Z",
            "expires_at": written(issued + self.token_life) + "Z",
        }
        return Reply(201, {"token": document}, {"X-Subject-Token": token})

    def _catalog(self, project: str) -> list[dict[str, Any]]:
        return [
            {
                "type": kind,
                "name": kind,
                "id": kind,
                "endpoints": [
                    {
                        "id": kind,
                        "interface": "public",
                        "region": self._region,
                        "region_id": self._region,
                        "url": url % {"project": project},
                    }
                ],
            }
            for kind, url in self._endpoints().items()
        ]

    def _projects(self, asked: Asked) -> Reply:
        rows = [_project(project) for project in self._state.projects.values()]
        limit = self._state.list_limit
        if limit and len(rows) > limit:
            return Reply(200, {"projects": rows[:limit], "truncated": True, "links": {"next": None}})
        return Reply(200, {"projects": rows, "links": {"next": None}})

    def _new_project(self, asked: Asked) -> Reply:
        wanted = asked.document["project"]
        project = StoredProject(uuid.uuid4().hex, wanted["name"], wanted.get("domain_id", DEFAULT_DOMAIN))
        self._state.projects[project.id] = project
        return Reply(201, {"project": _project(project)})

    def _change_project(self, asked: Asked, project_id: str) -> Reply:
        project = self._state.projects[project_id]
        project.enabled = asked.document["project"].get("enabled", project.enabled)
        return Reply(200, {"project": _project(project)})

    def _delete_project(self, asked: Asked, project_id: str) -> Reply:
        del self._state.projects[project_id]
        return Reply(204)

    def _domains(self, asked: Asked) -> Reply:
        rows = [_domain(domain) for domain in self._state.domains.values()]
        return Reply(200, {"domains": rows, "links": {"next": None}})

    def _role_assignments(self, asked: Asked) -> Reply:
        project = asked.query["scope.project.id"]
        found = [each for each in self._state.assignments if (each.scope_kind, each.scope) == ("project", project)]
        rows = [
            {"role": {"id": each.role}, each.holder_kind: {"id": each.holder}, "scope": {"project": {"id": project}}}
            for each in found
        ]
        return Reply(200, {"role_assignments": rows, "links": {"next": None}})

    def _roles(self, asked: Asked) -> Reply:
        return Reply(200, {"roles": [{"id": role, "name": role} for role in ("admin", "member", "reader")]})

    def _new_user(self, asked: Asked) -> Reply:
        wanted = asked.document["user"]
        user = StoredUser(
            uuid.uuid4().hex, wanted["name"], wanted["password"], wanted.get("email", ""), wanted.get("enabled", True)
        )
        self._state.users[user.id] = user
        return Reply(201, {"user": _user(user)})

    def _user(self, asked: Asked, user_id: str) -> Reply:
        if user_id not in self._state.users:
            raise Refuses(404, "error", f"Could not find user: {user_id}.")
        return Reply(200, {"user": _user(self._state.users[user_id])})

    def _delete_user(self, asked: Asked, user_id: str) -> Reply:
        del self._state.users[user_id]
        return Reply(204)

    def _new_group(self, asked: Asked) -> Reply:
        group = new_id()
        self._state.groups[group] = set()
        return Reply(201, {"group": {"id": group, "name": asked.document["group"]["name"]}})

    def _delete_group(self, asked: Asked, group: str) -> Reply:
        del self._state.groups[group]
        return Reply(204)

    def _members(self, asked: Asked, group: str) -> Reply:
        if group not in self._state.groups:
            raise Refuses(404, "error", f"Could not find group: {group}.")
        return Reply(200, {"users": [_user(self._state.users[user]) for user in sorted(self._state.groups[group])]})

    def _add_member(self, asked: Asked, group: str, user: str) -> Reply:
        self._state.groups[group].add(user)
        return Reply(204)

    def _assign(self, holder_kind: str, scope_kind: str) -> Callable[..., Reply]:
        def serve(asked: Asked, scope: str, holder: str, role: str) -> Reply:
            self._state.assignments.append(Assignment(role, holder_kind, holder, scope_kind, scope))
            return Reply(204)

        return serve

    def _take_inherited(self, asked: Asked, domain: str, user: str, role: str) -> Reply:
        self._state.assignments.remove(Assignment(role, "user", user, "domain", domain))
        return Reply(204)


def _project(project: StoredProject) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain_id,
        "enabled": project.enabled,
        "is_domain": False,
        "parent_id": project.domain_id,
    }


def _domain(domain: StoredDomain) -> dict[str, Any]:
    return {"id": domain.id, "name": domain.name, "enabled": domain.enabled}


def _user(user: StoredUser) -> dict[str, Any]:
    shown = {"id": user.id, "name": user.name, "enabled": user.enabled, "domain_id": DEFAULT_DOMAIN}
    return {**shown, "email": user.email} if user.email else shown
