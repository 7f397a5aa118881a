"""Servers and volumes by Nova and Cinder, and the files that list them and the schedule."""
