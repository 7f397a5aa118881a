"""Heals a region and a shelf by what templates need: restores, backups, removals (vault 5)."""
