"""Measures the program: whole commands, alternately with a reference, ratios instead of times. Nothing is asserted."""
