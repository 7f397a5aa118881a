"""Which cluster a configuration of Ceph is for, as long as nobody can ask the cluster itself."""

from __future__ import annotations

import socket
import uuid

from .ceph_bindings import load_bindings
from .ceph_cluster_port import check_ceph_conf


def stated_cluster(conf: str, user: str) -> str:
    """The id of the cluster if the configuration has it, else what tells it from other clusters.

    :param conf: path of ``ceph.conf``
    :param user: without ``client.``
    :raises ConfigError: ``ceph.conf`` cannot be read
    :raises NotInstalled: the bindings are missing
    """
    rados, _ = load_bindings()
    check_ceph_conf(conf)
    other = f"of {socket.gethostname()}:{conf}"
    try:
        found = str(rados.Rados(conffile=conf, rados_id=user).conf_get("fsid"))
    except rados.Error:  # whoever connects says what is wrong
        return other
    return other if found == str(uuid.UUID(int=0)) else found
