"""Backups of volumes through Cinder: which are due, which expire, and what came of them (volumes 1)."""
