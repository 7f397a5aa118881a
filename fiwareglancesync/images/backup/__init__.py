"""Backups of regions into a vault (vault 3): inventory, pure plan, execution."""
