"""A stand-in for Nova: servers with metadata and volumes, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .cloud_state import Caller, StoredServer, new_id
from .http_stand_in import Asked, Refuses, Reply
from .service_stand_in import ONE, Route, ServiceStandIn

_PARAMETERS = frozenset(("all_tenants", "project_id", "limit", "marker", "name", "status"))
_MAX_METADATA = 128


class NovaStandIn(ServiceStandIn):
    """Answers the requests to Nova."""

    def _routes(self) -> Sequence[Route]:
        return (
            ("GET", "/servers/detail", self._servers),
            ("POST", "/servers", self._create),
            ("GET", "/os-services", self._services),
            ("GET", "/flavors", self._flavors),
            ("POST", "/flavors", self._new_flavor),
            ("GET", f"/servers/{ONE}", self._show),
            ("DELETE", f"/servers/{ONE}", self._delete),
            ("POST", f"/servers/{ONE}/metadata", self._metadata),
            ("POST", f"/servers/{ONE}/os-volume_attachments", self._attach),
        )

    def _servers(self, asked: Asked, caller: Caller) -> Reply:
        unknown = sorted(asked.query.keys() - _PARAMETERS)
        if unknown:
            text = f"Additional properties are not allowed ({unknown[0]!r} was unexpected)"
            raise Refuses(400, "badRequest", f"Invalid input for query parameters. {text}")
        everybody = asked.query.get("all_tenants") == "1"
        if everybody and not caller.is_admin:
            rule = "os_compute_api:servers:detail:get_all_tenants"
            raise Refuses(403, "forbidden", f"Policy doesn't allow {rule} to be performed.")
        wanted = asked.query.get("project_id") if everybody else caller.project_id

        def select() -> Iterator[StoredServer]:
            return (server for server in self._state.servers.values() if wanted in (None, server.project_id))

        marker = asked.query.get("marker")
        lost = Refuses(400, "badRequest", f"marker [{marker}] not found")
        return Reply(200, self.lists.page(asked, "servers", select, _shown, self._state.page_limit, lost))

    def _services(self, asked: Asked, caller: Caller) -> Reply:
        if not caller.is_admin:
            raise Refuses(403, "forbidden", "Policy doesn't allow os_compute_api:os-services:list to be performed.")
        services = [{"binary": "nova-compute", "host": "host1", "state": "up", "status": "enabled"}]
        if self._state.dead_cell:
            services.append({"binary": "nova-compute", "host": "host2", "status": "UNKNOWN"})
        return Reply(200, {"services": services})

    def _flavors(self, asked: Asked, caller: Caller) -> Reply:
        return Reply(200, {"flavors": []})

    def _new_flavor(self, asked: Asked, caller: Caller) -> Reply:
        return Reply(200, {"flavor": {"id": "1", **asked.document["flavor"]}})

    def _create(self, asked: Asked, caller: Caller) -> Reply:
        wanted = asked.document["server"]
        volumes = [each["uuid"] for each in wanted.get("block_device_mapping_v2", ())]
        server = StoredServer(new_id(), wanted["name"], caller.project_id, wanted.get("metadata", {}))
        self._state.servers[server.id] = server
        for volume in volumes:
            self._join(server, volume)
        return Reply(202, {"server": {"id": server.id}})

    def _show(self, asked: Asked, caller: Caller, server_id: str) -> Reply:
        return Reply(200, {"server": _shown(self._find(caller, server_id))})

    def _delete(self, asked: Asked, caller: Caller, server_id: str) -> Reply:
        server = self._find(caller, server_id)
        del self._state.servers[server_id]
        for volume in server.volume_ids:
            self._state.volumes[volume].status = "available"
            self._state.volumes[volume].server_ids.remove(server_id)
        return Reply(204)

    def _attach(self, asked: Asked, caller: Caller, server_id: str) -> Reply:
        volume = asked.document["volumeAttachment"]["volumeId"]
        self._join(self._find(caller, server_id), volume)
        return Reply(200, {"volumeAttachment": {"volumeId": volume, "serverId": server_id}})

    def _join(self, server: StoredServer, volume: str) -> None:
        server.volume_ids.append(volume)
        self._state.volumes[volume].server_ids.append(server.id)
        self._state.volumes[volume].status = "in-use"

    def _metadata(self, asked: Asked, caller: Caller, server_id: str) -> Reply:
        server = self._find(caller, server_id)
        merged = {**server.metadata, **asked.document["metadata"]}
        if len(merged) > _MAX_METADATA:
            raise Refuses(403, "forbidden", f"Maximum number of metadata items exceeds {_MAX_METADATA}")
        server.metadata = merged
        return Reply(200, {"metadata": merged})

    def _find(self, caller: Caller, server_id: str) -> StoredServer:
        server = self._state.servers.get(server_id)
        if server is None or (server.project_id != caller.project_id and not caller.is_admin):
            raise Refuses(404, "itemNotFound", f"Instance {server_id} could not be found.")
        return server


def _shown(server: StoredServer) -> dict[str, Any]:
    return {
        "id": server.id,
        "name": server.name,
        "tenant_id": server.project_id,
        "status": server.status,
        "metadata": server.metadata,
        "os-extended-volumes:volumes_attached": [
            {"id": volume, "delete_on_termination": False} for volume in server.volume_ids
        ],
    }
