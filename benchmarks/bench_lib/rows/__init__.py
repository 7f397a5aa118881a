"""The rows of the table, a module each: what is run against what, and what is made of the times."""
