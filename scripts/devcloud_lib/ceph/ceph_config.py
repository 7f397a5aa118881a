"""The configuration of the cluster."""

from __future__ import annotations

from devcloud_lib.ceph.ceph_cluster import CINDER, SNAPSHOTS, CephCluster

OSD_BYTES = 8 * 2**30
"""Size of the OSD: a sparse file. A full BlueStore aborts, so it is far more than tests write."""

Section = dict[str, object]


def ceph_config(cluster: CephCluster) -> str:
    """The file of daemons and clients."""
    return "".join(_text(name, section) for name, section in _sections(cluster).items())


def _sections(cluster: CephCluster) -> dict[str, Section]:
    folder = cluster.folder
    return {
        "global": {
            "fsid": cluster.fsid,
            "mon_host": f"[v2:127.0.0.1:{cluster.port},v1:127.0.0.1:{cluster.second_port}]",
            "mon_initial_members": "a",
            "public_addr": "127.0.0.1",
            "cluster_addr": "127.0.0.1",
            **{f"auth_{what}_required": "cephx" for what in ("cluster", "service", "client")},
            "auth_allow_insecure_global_id_reclaim": "false",
            "keyring": cluster.admin_keyring,
            "run_dir": folder / "run",
            "admin_socket": folder / "run" / "$name.asok",
            "log_file": folder / "log" / "$name.log",
            "crash_dir": folder / "log",
            "osd_pool_default_size": 1,
            "osd_pool_default_min_size": 1,
            "osd_pool_default_pg_num": 8,
            "osd_pool_default_pg_autoscale_mode": "off",
            "osd_crush_chooseleaf_type": 0,
            "mon_max_pg_per_osd": 1000,
            "mon_warn_on_pool_no_redundancy": "false",
            "mon_allow_pool_size_one": "true",
            "mon_allow_pool_delete": "true",
        },
        # Several processes of one machine share this file.
        "client": {"admin_socket": "", "log_file": ""},
        **{f"client.{user}": {"keyring": cluster.keyring(user)} for user in (CINDER, SNAPSHOTS)},
        "mon": {
            "mon_data": cluster.data("ceph-mon"),
            "keyring": cluster.data("ceph-mon") / "keyring",
            "mon_data_avail_warn": 5,
            "mon_data_avail_crit": 2,
            "mon_cluster_log_file": folder / "log" / "cluster.log",
            "mon_osd_min_down_reporters": 1,
            # With the defaults every change of a pool or a snapshot waits for up to a second.
            "paxos_propose_interval": 0.05,
            "paxos_min_wait": 0.01,
        },
        "mgr": {
            "mgr_data": cluster.data("ceph-mgr"),
            "keyring": cluster.data("ceph-mgr") / "keyring",
            "mgr_module_path": cluster.data("ceph-mgr") / "modules",
            "mgr_initial_modules": "",
            "mgr_stats_period": 1,
        },
        "osd": {
            "osd_data": cluster.data("ceph-osd"),
            "keyring": cluster.data("ceph-osd") / "keyring",
            "osd_objectstore": "bluestore",
            "bluestore_block_create": "true",
            "bluestore_block_size": OSD_BYTES,
            "bluestore_block_wal_create": "false",
            "bluestore_block_db_create": "false",
            "osd_memory_target": 2**30,
            "osd_fast_shutdown": "false",
        },
    }


def _text(name: str, section: Section) -> str:
    lines = [f"{key} = {value}".rstrip() for key, value in section.items()]
    return "\n".join([f"[{name}]", *lines]) + "\n"
