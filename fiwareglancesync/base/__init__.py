"""What every room needs and what knows of none: errors, messages, bytes on their way, waiting, the database, text."""
