"""Empties Cinder and Nova at once, running or not."""

from __future__ import annotations

from devcloud_lib.reset import remove_files
from devcloud_lib.state import Cloud
from devcloud_lib.volumes import mariadb_server, runtime_folder, volume_launch

# What belongs to the schema or to the running services, not to any project. Flavors and types of volumes stay.
KEPT_TABLES = {
    "cinder": ("alembic_version", "quota_classes", "services", "volume_types", "volume_type_extra_specs"),
    "nova": ("alembic_version", "compute_nodes", "services"),
    "nova_api": ("alembic_version", "cell_mappings", "flavors", "flavor_extra_specs", "host_mappings"),
    "nova_cell0": ("alembic_version",),
    "placement": ("alembic_version", "inventories", "resource_classes", "resource_providers",
                  "resource_provider_traits", "traits"),
}


def remove_volumes(cloud: Cloud) -> None:
    """Remove every server, volume and backup of every project, and every trace of them, quotas included.

    Straight in the databases: through the APIs each would take several requests, in an order of its own, and what has
    failed half-way would not go at all. MariaDB runs, or nothing of the volumes does.

    :raises CloudError: MariaDB refuses.
    """
    if not cloud.services["mariadb"].is_running:
        volume_launch.prepare(cloud, cloud.services["mariadb"].prepared_with)
        return
    data = runtime_folder.path_of(cloud.folder) / runtime_folder.DATA
    statements = ["SET FOREIGN_KEY_CHECKS = 0;"]
    for database, table in (line.split("\t") for line in mariadb_server.query(data, _tables_sql())):
        if table not in KEPT_TABLES[database]:
            statements.append(f"DELETE FROM `{database}`.`{table}`;")  # noqa: S608 (the names are the schema's own)
    mariadb_server.query(data, "\n".join(statements))
    for folder in (cloud.share, cloud.backups):
        remove_files(folder)


def _tables_sql() -> str:
    names = ", ".join(f"'{name}'" for name in KEPT_TABLES)
    return f"SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ({names});"  # noqa: S608
