"""nova-compute with a fake hypervisor that has the same identity and the same servers after a restart.

Nova's own fake one has another UUID in each process, which Nova refuses the second time, and has forgotten its servers.
Runs with the packages of the cloud's own virtual environment; the arguments are those of nova-compute.
"""

import importlib
from typing import Any

# Imported like this because they are not there for the tools that check this file; the command comes first, for it
# decides how Python's threads work.
command = importlib.import_module("nova.cmd.compute")
fake = importlib.import_module("nova.virt.fake")
node = importlib.import_module("nova.virt.node")


class LastingFakeDriver(fake.FakeDriver):  # type: ignore[misc, name-defined]
    """A fake hypervisor that can be restarted."""

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """The one node, by the UUID that Nova keeps in a file."""
        return {node.get_local_node_uuid(): name for name in self.get_available_nodes()}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """What the original reports, for the same UUID."""
        return {**super().get_available_resource(nodename), "uuid": node.get_local_node_uuid()}

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """Remember a server: Nova calls this for each of them when it starts."""
        known = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)
        self.instances.setdefault(instance.uuid, known)


# Nova loads hypervisors from its own package alone.
vars(fake)["LastingFakeDriver"] = LastingFakeDriver

if __name__ == "__main__":
    command.main()
