"""Files, environment and ``--config`` are read by option tables; every error names its file, section and key."""
