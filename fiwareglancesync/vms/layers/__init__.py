"""The files of disks at both ends: chains, comparison, removal of overlays."""
