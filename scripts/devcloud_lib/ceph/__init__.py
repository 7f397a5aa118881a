"""The cluster that ``scripts/devcloud up --with ceph`` adds: a monitor, an OSD and a manager on loopback."""
