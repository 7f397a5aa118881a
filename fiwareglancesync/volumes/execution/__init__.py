"""Cycles: reading, requests, outcomes, removals, conductors."""
