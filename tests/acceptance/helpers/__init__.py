"""What the acceptance tests prepare and observe regions with: OpenStack's own clients, never the program."""
