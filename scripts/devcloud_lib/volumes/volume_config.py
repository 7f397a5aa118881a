"""The configuration of Cinder, Nova and Placement, as sections and keys."""

from __future__ import annotations

from pathlib import Path

from devcloud_lib import topology
from devcloud_lib.ceph import ceph_cluster
from devcloud_lib.ceph.ceph_cluster import CINDER, POOLS, CephCluster
from devcloud_lib.configuration import Sections, merged, path_value, render
from devcloud_lib.ports import HOST
from devcloud_lib.state import Cloud, Service
from devcloud_lib.volumes import mariadb_server, runtime_folder
from devcloud_lib.volumes.server_table import BACKEND, CEPH_BACKEND, HOST_NAME, SHARE

QUEUE_USER = "openstack"
POLICY_FILE = "policy.yaml"
SHARES_FILE = "nfs_shares"

REPORT_SECONDS = 5
DOWN_SECONDS = 30
"""A service whose last report is older is down in the listings of Cinder and Nova."""

# A chunk of a backup is held in memory; Cinder's own size is 2 GB.
BACKUP_FILE_BYTES = 32 * 2**20
BACKUP_BLOCK_BYTES = 2**20


def config_files(cloud: Cloud, service: Service) -> dict[Path, str]:
    """The texts of the configuration files of an OpenStack server, its overrides included."""
    kind = service.name.partition("-")[0]
    sections = {"cinder": _cinder, "nova": _nova, "placement": _placement}[kind](cloud, service)
    files = {service.conf_dir / f"{kind}.conf": render(merged(sections, service.overrides)),
             service.conf_dir / POLICY_FILE: service.policy}
    if kind == "cinder":
        files[service.conf_dir / SHARES_FILE] = SHARE + "\n"
    return files


def _cinder(cloud: Cloud, service: Service) -> Sections:
    etc = cloud.volumes_venv / "etc" / "cinder"
    sections: dict[str, dict[str, str]] = {
        "DEFAULT": {
            **_common(cloud, service),
            "auth_strategy": "keystone",
            "api_paste_config": path_value(etc / "api-paste.ini"),
            "resource_query_filters_file": path_value(etc / "resource_filters.json"),
            "enabled_backends": BACKEND,
            "glance_api_servers": cloud.services[topology.VOLUMES_REGION].url,
            "backup_driver": "devcloud_backup.SparseBackupDriver",
            "backup_posix_path": path_value(cloud.backups),
            "backup_file_size": str(BACKUP_FILE_BYTES),
            "backup_sha_block_size_bytes": str(BACKUP_BLOCK_BYTES),
            "backup_compression_algorithm": "zstd",
            "backup_workers": "1",
            # The size of the machine's disk shall not limit what sparse volumes claim.
            "scheduler_default_filters": "",
            "scheduler_driver_init_wait_time": "5",
        },
        BACKEND: {
            "volume_driver": "devcloud_driver.AttachedNfsDriver",
            "volume_backend_name": BACKEND,
            "nfs_shares_config": path_value(service.conf_dir / SHARES_FILE),
            "nfs_mount_point_base": path_value(cloud.share.parent),
            "nfs_snapshot_support": "true",
            "nfs_sparsed_volumes": "true",
            "nas_secure_file_operations": "false",
            "nas_secure_file_permissions": "false",
            "volume_clear": "none",
            "backup_use_temp_snapshot": "false",
        },
        "database": {"connection": _database(cloud, "cinder")},
        "coordination": {"backend_url": f"file://{path_value(runtime_folder.path_of(cloud.folder) / 'locks')}"},
        "oslo_policy": {"policy_file": path_value(service.conf_dir / POLICY_FILE)},
        "oslo_concurrency": _locks(cloud),
        "keystone_authtoken": _authtoken(cloud, "cinder", "block-storage"),
        "service_user": {**_account(cloud, "cinder"), "send_service_user_token": "true"},
        "nova": {**_account(cloud, "cinder"), "interface": "public"},
    }
    if ceph_cluster.exists(cloud.folder):
        sections["DEFAULT"] |= {
            "enabled_backends": f"{BACKEND},{CEPH_BACKEND}",
            # A volume with the type of a backend is made there.
            "scheduler_default_filters": "CapabilitiesFilter",
        }
        sections[CEPH_BACKEND] = _ceph(ceph_cluster.load(cloud.folder))
    return sections


def _ceph(cluster: CephCluster) -> dict[str, str]:
    return {
        "volume_driver": "cinder.volume.drivers.rbd.RBDDriver",
        "volume_backend_name": CEPH_BACKEND,
        "rbd_pool": POOLS[0],
        "rbd_user": CINDER,
        "rbd_ceph_conf": path_value(cluster.config_file),
        "rbd_secret_uuid": cluster.fsid,
        # A volume that has snapshots goes into the trash after so many attempts to remove it.
        "rados_connection_retries": "1",
        "rados_connection_interval": "1",
    }


def _nova(cloud: Cloud, service: Service) -> Sections:
    account = _account(cloud, "nova")
    databases: dict[str, dict[str, str]] = {
        "api_database": {"connection": _database(cloud, "nova_api")},
        "database": {"connection": _database(cloud, "nova")},
    }
    return {
        "DEFAULT": {**_common(cloud, service), "compute_driver": "fake.LastingFakeDriver"},
        # nova-compute may not have them: it asks nova-conductor.
        **({} if service.name == "nova-compute" else databases),
        "api": {"auth_strategy": "keystone"},
        "wsgi": {"api_paste_config": path_value(cloud.volumes_venv / "etc" / "nova" / "api-paste.ini")},
        "conductor": {"workers": "1"},
        "scheduler": {"workers": "1"},
        "vnc": {"enabled": "false"},
        "oslo_policy": {"policy_file": path_value(service.conf_dir / POLICY_FILE)},
        "oslo_concurrency": _locks(cloud),
        "keystone_authtoken": _authtoken(cloud, "nova", "compute"),
        # With it Cinder lets Nova detach a volume whose owner may not do so alone.
        "service_user": {**account, "send_service_user_token": "true"},
        "placement": account,
        "glance": {"region_name": topology.VOLUMES_REGION},
        "cinder": {**account, "catalog_info": "block-storage:cinder:publicURL",
                   "os_region_name": topology.VOLUMES_REGION},
        "neutron": {**account, "service_metadata_proxy": "false"},
    }


def _placement(cloud: Cloud, service: Service) -> Sections:
    return {
        "placement_database": {"connection": _database(cloud, "placement")},
        "api": {"auth_strategy": "keystone"},
        "oslo_policy": {"policy_file": path_value(service.conf_dir / POLICY_FILE)},
        "keystone_authtoken": _authtoken(cloud, "placement", "placement"),
    }


def _common(cloud: Cloud, service: Service) -> dict[str, str]:
    """What Cinder and Nova have in common."""
    return {
        "host": HOST_NAME,
        "my_ip": HOST,
        "state_path": path_value(service.folder / "state"),
        "transport_url": f"rabbit://{QUEUE_USER}:{cloud.queue_password}@{HOST}:{cloud.services['rabbitmq'].port}/",
        "report_interval": str(REPORT_SECONDS),
        "service_down_time": str(DOWN_SECONDS),
        "graceful_shutdown_timeout": "2",
    }


def _database(cloud: Cloud, name: str) -> str:
    return mariadb_server.url(cloud.database_password, cloud.services["mariadb"].port, name)


def _locks(cloud: Cloud) -> dict[str, str]:
    return {"lock_path": path_value(runtime_folder.path_of(cloud.folder) / "locks")}


def _account(cloud: Cloud, name: str) -> dict[str, str]:
    """How a service signs in."""
    account = cloud.accounts[topology.VOLUMES_KEYSTONE][name]
    return {
        "auth_type": "password",
        "auth_url": cloud.services[topology.VOLUMES_KEYSTONE].url,
        "username": account.user,
        "password": account.password,
        "project_name": account.project,
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": topology.VOLUMES_REGION,
    }


def _authtoken(cloud: Cloud, name: str, service_type: str) -> dict[str, str]:
    """How a service validates its callers' tokens."""
    return {
        **_account(cloud, name),
        "www_authenticate_uri": cloud.services[topology.VOLUMES_KEYSTONE].url,
        "service_token_roles": "service",
        "service_token_roles_required": "true",
        "interface": "internal",
        "service_type": service_type,
    }
