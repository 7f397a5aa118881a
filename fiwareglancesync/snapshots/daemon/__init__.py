"""Makes copies at the times of the schedule, until it is asked to end."""
