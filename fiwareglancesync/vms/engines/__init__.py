"""The port to engines of virtual machines, and libvirt and oVirt behind it."""
