"""Carries plans out, in the safe order, and reports what happens as events."""
