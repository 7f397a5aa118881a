"""What ``scripts/devcloud up --with gluster`` adds: two nodes of gluster, geo-replication, and libvirt with guests."""
