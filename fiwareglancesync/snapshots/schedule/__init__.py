"""Pure: the schedule file, what its specs mean, and when copies are due."""
