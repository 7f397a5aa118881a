"""Carries plans out, in the safe order, and tells what happens as events."""
