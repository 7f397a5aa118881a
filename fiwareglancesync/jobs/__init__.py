"""Jobs of any kind: tasks in a database, the processes that carry them out, and a pool of processes."""
