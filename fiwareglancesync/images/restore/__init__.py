"""Restores and migrations: all images of a shelf of a vault, or of a region, into named regions (vault 4)."""
