"""A shelf of a vault, as a place that is only read (vault 4)."""
